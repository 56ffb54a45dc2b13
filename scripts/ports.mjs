/** Ports of this machine. */
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

/** A port on the loopback address that nobody listens on now. */
export async function freePort() {
  const port = await tryPort(0, '127.0.0.1')
  if (port === undefined) throw new Error('no free port on 127.0.0.1')
  return port
}
