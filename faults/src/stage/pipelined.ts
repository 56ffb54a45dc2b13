/** Requests by the thousand over one connection, many in one packet: an HTTP library would take longer over each than an api does. */
import { once } from 'node:events'
import { type Answer, type Call, type Called, parseBody } from './http.ts'
import { openSocket } from './raw.ts'

const ANSWER_MS_MAX = 60_000
const HEAD_END = '\r\n\r\n'

export type Connection = {
  /** Sent at once, answered in their order; without an answer where the connection ends. */
  send(requests: readonly Call[], called: (nth: number, called: Called) => void): Promise<void>
  close(): void
}

export async function openConnection(url: string): Promise<Connection> {
  const socket = openSocket(url)
  await once(socket, 'connect')
  socket.setEncoding('latin1')
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy())
  return {
    async send(requests, called) {
      let text = ''
      let answered = 0
      const { promise: done, resolve } = Promise.withResolvers<void>()
      const take = (bytes: string) => {
        text += bytes
        for (let found = cut(text); found; found = cut(text)) {
          text = found.rest
          called(answered++, { answer: found.answer, error: null })
        }
        if (answered === requests.length) resolve()
      }
      const end = () => resolve()
      socket.on('data', take).once('close', end)
      if (socket.destroyed) end()
      socket.write(requests.map(textOf).join(''))
      await done
      socket.off('data', take).off('close', end)
      while (answered < requests.length) {
        called(answered++, { answer: null, error: new Error('the connection ended') })
      }
    },
    close: () => socket.destroy(),
  }
}

function textOf({ method = 'POST', path, body, headers = {} }: Call): string {
  const content = JSON.stringify(body)
  const lines = Object.entries({
    host: 'flashlane',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(content)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${content}`
}

/** The first answer in `text`, if it is there whole. */
function cut(text: string): { readonly answer: Answer; readonly rest: string } | null {
  const headEnd = text.indexOf(HEAD_END)
  if (headEnd < 0) return null
  const [line = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const headers = new Headers(
    lines.map((each) => [nameOf(each), each.slice(each.indexOf(':') + 1)]),
  )
  const bodyAt = headEnd + HEAD_END.length
  const end = bodyAt + Number(headers.get('content-length'))
  if (text.length < end) return null
  const body = parseBody(text.slice(bodyAt, end))
  return { answer: { status: Number(line.split(' ')[1]), headers, body }, rest: text.slice(end) }
}

const nameOf = (header: string): string => header.slice(0, header.indexOf(':'))
