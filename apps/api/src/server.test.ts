import { Hono } from 'hono'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import {
  CHECK_EACH_MS,
  HEADERS_MS_MAX,
  type HttpServer,
  REQUEST_MS_MAX,
  startServer,
} from './server.ts'

/** A busy machine notices later. */
const SLACK_MS = 5_000
const BYTE_EACH_MS = 250

let server: HttpServer | null = null
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.stopListening()
  server?.closeAll()
  await server?.closed
})

async function start(options: { connectionsMax?: number; onDrop?: () => void } = {}) {
  const app = new Hono()
  app.get('/', (c) => c.text('here'))
  app.get('/slow', async (c) => {
    await sleep(REQUEST_MS_MAX + 2 * CHECK_EACH_MS)
    return c.text('late, and here')
  })
  app.post('/', async (c) => c.text(await c.req.text()))
  app.onError((_, c) => c.text('cut off', 400))
  server = await startServer(app, { host: '127.0.0.1', port: 0, ...options })
  return server.port
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  // A socket closes for whoever has read what there was.
  socket.resume()
  await once(socket, 'connect')
  return socket
}

/** Sends a byte now and then, which never ends; tells what was answered, and after how long the connection was closed. */
async function trickle(port: number, begin: string, each: string) {
  const socket = await open(port)
  const begunMs = performance.now()
  let answer = ''
  socket.on('data', (data) => (answer += data.toString()))
  socket.write(begin)
  const timer = setInterval(() => socket.write(each), BYTE_EACH_MS)
  await once(socket, 'close')
  clearInterval(timer)
  return { answer, afterMs: performance.now() - begunMs }
}

test('who sends slowly is cut off, headers and body alike, and nobody else is', {
  timeout: 60_000,
}, async () => {
  const port = await start()
  const silent = await open(port)
  const silentEnds = once(silent, 'close').then(() => performance.now())
  const openedMs = performance.now()

  const [headers, body, waiting] = await Promise.all([
    trickle(port, 'GET / HTTP/1.1\r\nhost: x\r\n', 'x-a: b\r\n'),
    trickle(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n', 'x'),
    // An answer may take longer than a request.
    fetch(`http://127.0.0.1:${port}/slow`).then((answer) => answer.text()),
    fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text()),
  ])

  expect(headers.answer).toMatch(/^HTTP\/1.1 408 /)
  expect(headers.afterMs).toBeGreaterThan(HEADERS_MS_MAX - CHECK_EACH_MS)
  expect(headers.afterMs).toBeLessThan(HEADERS_MS_MAX + CHECK_EACH_MS + SLACK_MS)
  expect(body.answer).toMatch(/^HTTP\/1.1 408 /)
  expect(body.afterMs).toBeLessThan(REQUEST_MS_MAX + CHECK_EACH_MS + SLACK_MS)
  expect(waiting).toBe('late, and here')
  // Says nothing at all: its request has not even begun, but its time is over too.
  expect((await silentEnds) - openedMs).toBeLessThan(HEADERS_MS_MAX + CHECK_EACH_MS + SLACK_MS)
})

test('connections past the limit are closed at once and counted, and those before it go on', async () => {
  let dropped = 0
  const port = await start({ connectionsMax: 2, onDrop: () => dropped++ })
  const first = await open(port)
  await open(port)

  const third = await open(port)
  await once(third, 'close')

  expect(dropped).toBe(1)
  first.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const [answer] = await once(first, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 200 /)
})
