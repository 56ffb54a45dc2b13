/** A server on a loopback port that answers as a test wants, and keeps what it was sent. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

export type Received = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly atMs: number
}

/** Answers a request that came whole. */
export type Answer = (response: ServerResponse, request: Received) => void

/** Each request gets the next answer; the last one serves all that follow. */
export async function startServer(...answers: readonly [Answer, ...Answer[]]) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const entry = { method, path, headers, body, atMs: performance.now() }
      received.push(entry)
      answers[Math.min(received.length, answers.length) - 1]?.(response, entry)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : null
  return { baseUrl: `http://127.0.0.1:${port}`, received }
}

export const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }

export const problem = (
  status: number,
  code: string,
  { headers = {}, ...facts }: { headers?: Record<string, string> } & Record<string, unknown> = {},
): Answer =>
  json(
    status,
    {
      type: `/problems/${code}`,
      title: code,
      status,
      detail: `because of ${code}`,
      code,
      ...facts,
    },
    { 'content-type': 'application/problem+json', 'x-request-id': 'r-1', ...headers },
  )

/** The request came, and its answer never does. */
export const cut: Answer = (response) => void response.socket?.destroy()
export const silence: Answer = () => {}

export const aHold = { hold_id: 'hold_1_x', product_id: 1, qty: 1, status: 'active', version: 2 }
export const aQueued = { command_id: 'cmd_1_x', status: 'queued', hold_id: 'hold_1_x' }

export const applied = (result: object): Answer =>
  json(200, { command_id: 'cmd_1_x', status: 'applied', outcome: 'accepted', result })

/** Begins a stream of server-sent events, and then leaves it open or ends it. */
export const events =
  (text: string, { isCut = false, isEnded = false } = {}): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write(text, () => {
      if (isCut) response.socket?.destroy()
      if (isEnded) response.end()
    })
  }
