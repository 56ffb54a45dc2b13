/** Ports of this machine. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * The port, if it can be listened on; 0 asks for any free one.
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number | undefined>}
 */
export function tryPort(port, host) {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(undefined))
    server.listen({ port, host }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

/** Below where systems take the ports of outgoing connections from (32768 on Linux): one of those could be on the port before its server is. */
const FREE_PORTS = { first: 10_000, last: 32_000 }
const TRIES_MAX = 100

/** A port on the loopback address that nobody listens on now. */
export async function freePort() {
  for (let n = 0; n < TRIES_MAX; n++) {
    const port = await tryPort(randomInt(FREE_PORTS.first, FREE_PORTS.last + 1), '127.0.0.1')
    if (port !== undefined) return port
  }
  throw new Error('no free port on 127.0.0.1')
}
