/** Bytes on a connection, as no HTTP library would send them. */
import { connect, type Socket } from 'node:net'

const ANSWER_MS_MAX = 15_000

/** The status of what comes back; null where the connection ends without a word, or nothing comes. */
export function sendRaw(url: string, bytes: string | Uint8Array): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = openSocket(url)
    let text = ''
    const end = () => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0) || null)
    }
    socket.setTimeout(ANSWER_MS_MAX, end)
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (text.includes('\r\n\r\n')) end()
    })
    socket.on('close', end)
    socket.write(bytes)
  })
}

/** Its errors are the other side's way to say no. */
export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  return socket
}
