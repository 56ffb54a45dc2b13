/** The HTTP server: Node's defaults would let a slow or silent client keep a connection for minutes. */
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { endBody } from './incoming.ts'

/** From the first byte of a request to the last of its headers; to the last of its body. Then 408. */
export const HEADERS_MS_MAX = 5_000
export const REQUEST_MS_MAX = 10_000
/** How much later than that it may be noticed. */
export const CHECK_EACH_MS = 1_000
const KEEP_ALIVE_MS = 65_000
/** Well above what a process can serve, well below what takes its memory. */
export const CONNECTIONS_MAX_DEFAULT = 50_000
/** New connections of a sale's first second must not be turned away by the kernel. */
const BACKLOG = 4_096

export type HttpServer = {
  readonly port: number
  /** From now on each connection ends with its next answer: whoever keeps one learns of it before it is closed. */
  windDown(): void
  /** Takes no new connections, and closes those on which nobody waits. */
  stopListening(): void
  /** Resolves when the last connection is closed. */
  readonly closed: Promise<void>
  closeAll(): void
}

type Options = {
  readonly host: string
  readonly port: number
  /** Further ones are closed at once. */
  readonly connectionsMax?: number
  onDrop?(): void
}

export async function startServer(
  app: Hono,
  { host, port, connectionsMax = CONNECTIONS_MAX_DEFAULT, onDrop = () => {} }: Options,
): Promise<HttpServer> {
  let isWindingDown = false
  const server = createAdaptorServer({
    // For clients of HTTP/1.0, which need not say whom they talk to.
    hostname: host,
    async fetch(request, env) {
      const response = await app.fetch(request, env)
      endBody(env)
      // Set when the answer is there, not when the request came: whoever waited ends his connection too.
      if (isWindingDown) env.outgoing.setHeader('connection', 'close')
      return response
    },
    serverOptions: {
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      connectionsCheckingInterval: CHECK_EACH_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
  }) as Server
  server.maxConnections = connectionsMax
  server.on('drop', onDrop)
  const closed = new Promise<void>((resolve) => {
    server.once('close', () => resolve())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })

  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    windDown() {
      isWindingDown = true
    },
    stopListening() {
      isWindingDown = true
      server.close()
    },
    closed,
    closeAll: () => server.closeAllConnections(),
  }
}
