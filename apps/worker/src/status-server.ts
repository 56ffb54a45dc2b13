/** A worker's few addresses: whether it lives, whether it works, and its metrics. For the operators' network only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Logger } from '@flashlane/log'
import type { Check, Registry } from '@flashlane/telemetry'

const REQUEST_MS_MAX = 10_000
const HEADERS_MS_MAX = 5_000
const CONNECTIONS_MAX = 100
/** The process that ends may still have the port of the one that takes its place. */
const PORT_RETRY_MS = 5_000

type Deps = {
  readonly host: string
  readonly port: number
  readonly registry: Registry
  checks(): Promise<Readonly<Record<string, Check>>>
  readonly log: Logger
}

export type StatusServer = { close(): void }

/** Never fails: a port that is taken is tried again, since no sale should wait for it. */
export function startStatusServer(deps: Deps): StatusServer {
  const { host, port, log } = deps
  const limits = { headersTimeout: HEADERS_MS_MAX, requestTimeout: REQUEST_MS_MAX }
  const server = createServer(limits, (request, response) => {
    answer(deps, request, response).catch((error: unknown) => {
      log.error({ err: error }, 'nothing caught this')
      send(response, 500, { status: 'failed' })
    })
  })
  server.maxConnections = CONNECTIONS_MAX
  let retry: NodeJS.Timeout | null = null
  const listen = (): void => void server.listen({ host, port })
  server.on('listening', () => log.info({ port: portOf(server), host }, 'metrics served'))
  server.on('error', (error) => {
    log.warn({ err: error, port }, 'no metrics on this port: it is tried again')
    retry = setTimeout(listen, PORT_RETRY_MS).unref()
  })
  listen()

  return {
    close() {
      if (retry) clearTimeout(retry)
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(
  { registry, checks }: Deps,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, { status: 'GET only' })
  switch ((url ?? '').replace(/\?.*/, '')) {
    case '/livez':
      return send(response, 200, { status: 'alive' })
    case '/readyz': {
      const all = await checks()
      const isReady = Object.values(all).every((each) => each === 'ok')
      const status = isReady ? 'ready' : 'not_ready'
      return send(response, isReady ? 200 : 503, { status, checks: all })
    }
    case '/metrics': {
      const text = await registry.metrics()
      response.writeHead(200, { 'content-type': registry.contentType }).end(text)
      return
    }
    default:
      send(response, 404, { status: 'not_found' })
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return void response.end()
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
