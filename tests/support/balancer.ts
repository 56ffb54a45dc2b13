/**
 * A load balancer before the apis: it asks each for its readiness, sends requests to those that are ready, in turn and
 * over connections that it keeps, and tries nothing again.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export type Balancer = {
  readonly url: string
  /** From now on it is asked, and gets requests once it is ready. */
  add(backend: string): void
  remove(backend: string): void
  isReady(backend: string): boolean
  close(): Promise<void>
}

type Backend = { readonly url: string; readonly agent: Agent; isReady: boolean }

/** Well within DRAIN_DELAY_MS, as an operator has to set it. */
const CHECK_EACH_MS = 100
const CHECK_MS_MAX = 2_000

export async function startBalancer(): Promise<Balancer> {
  const backends = new Map<string, Backend>()
  let turn = 0

  async function check(backend: Backend): Promise<void> {
    while (backends.get(backend.url) === backend) {
      const answer = await fetch(`${backend.url}/readyz`, {
        signal: AbortSignal.timeout(CHECK_MS_MAX),
      }).catch(() => null)
      await answer?.arrayBuffer()
      backend.isReady = answer?.ok === true
      await sleep(CHECK_EACH_MS)
    }
  }

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const ready = [...backends.values()].filter(({ isReady }) => isReady)
    const backend = ready[turn++ % ready.length]
    if (!backend) return void outgoing.writeHead(502).end('no backend is ready')
    const { method, headers, url = '/' } = incoming
    const { connection: _, ...forwarded } = headers
    const sent = request(backend.url + url, {
      agent: backend.agent,
      headers: forwarded,
      ...(method === undefined ? {} : { method }),
    })
    sent.on('response', (answer) => {
      const { connection: _, ...own } = answer.headers
      outgoing.writeHead(answer.statusCode ?? 502, own)
      answer.pipe(outgoing)
    })
    sent.on('error', (error) => {
      if (outgoing.headersSent) outgoing.destroy(error)
      else outgoing.writeHead(502).end(`${backend.url}: ${error.message}`)
    })
    incoming.pipe(sent)
  }

  // Its clients end their idle connections: were it the server, one could end as it is used again.
  const server = createServer({ keepAliveTimeout: 0 }, forward)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0

  return {
    url: `http://127.0.0.1:${port}`,
    add(url) {
      const backend = { url, agent: new Agent({ keepAlive: true }), isReady: false }
      backends.set(url, backend)
      void check(backend)
    },
    remove(url) {
      backends.get(url)?.agent.destroy()
      backends.delete(url)
    },
    isReady: (url) => backends.get(url)?.isReady === true,
    async close() {
      for (const { agent } of backends.values()) agent.destroy()
      backends.clear()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
