import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headAndBodyParsed, headerOf, takeBodyAtHand } from './incoming.ts'
import { readJson, readText } from './body.ts'
import { type HttpServer, startServer } from './server.ts'
import { z } from 'zod'

const BYTES_MAX = 200_000

const lengthOf = (c: Context): number => Number(headerOf(c, 'content-length'))

async function atHand(c: Context): Promise<Buffer | null> {
  await headAndBodyParsed
  return takeBodyAtHand(c, lengthOf(c))
}

const app = new Hono()
  .post('/at-hand', async (c) => c.json({ atHand: String(await atHand(c)) }))
  .post('/text', async (c) => c.text(String((await readText(c, BYTES_MAX)).length)))
  .post('/twice', async (c) => {
    await atHand(c)
    return c.json({ again: await atHand(c) })
  })
  .post('/json', async (c) => c.json(await readJson(c, z.strictObject({ name: z.string() }))))
  .post('/ended/:when', async (c: Context<{ Bindings: HttpBindings }>) => {
    const { incoming, outgoing } = c.env
    // The adaptor drains it a turn later, if it has not ended by then.
    outgoing.once('close', () => setTimeout(() => hasEnded.push(incoming.readableEnded)))
    await atHand(c)
    if (c.req.param('when') === 'later') await nextTurn()
    return c.text('')
  })
  .get('/header', (c) => c.json({ tried: headerOf(c, 'x-tried') ?? null }))

const hasEnded: boolean[] = []

let server: HttpServer
beforeAll(async () => {
  server = await startServer(app, { host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  server.closeAll()
  server.stopListening()
  await server.closed
})

/** What a client gets that sends these pieces, each after the one before it was taken. */
async function answerTo(...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setNoDelay(true)
  for (const piece of pieces) {
    await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)))
  }
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

const head = (path: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`

test('a body that comes with its head is at hand', async () => {
  expect(await answerTo(`${head('/at-hand', 5)}hello`)).toBe('{"atHand":"hello"}')
})

test('so is one of no bytes', async () => {
  expect(await answerTo(head('/at-hand', 0))).toBe('{"atHand":""}')
})

test('a body of which a part is still to come is not at hand', async () => {
  expect(await answerTo(`${head('/at-hand', 10)}hello`)).toBe('{"atHand":"null"}')
})

test('a body that was taken is not at hand again', async () => {
  expect(await answerTo(`${head('/twice', 5)}hello`)).toBe('{"again":null}')
})

test.each(['at-once', 'later'])(
  'a body that was taken and is answered %s ends with the answer, so that nobody drains it',
  async (when) => {
    hasEnded.length = 0
    await answerTo(`${head(`/ended/${when}`, 5)}hello`)

    await expect.poll(() => hasEnded).toEqual([true])
  },
)

test('a body that comes in pieces is read whole', async () => {
  const half = 'x'.repeat(BYTES_MAX / 2)

  expect(await answerTo(head('/text', BYTES_MAX), half, half)).toBe(String(BYTES_MAX))
})

test.each(['Zoë', '日本', 'a\u0000b'])('%j is read as it was sent', async (name) => {
  const body = Buffer.from(JSON.stringify({ name }))

  expect(await answerTo(Buffer.concat([Buffer.from(head('/json', body.length)), body]))).toBe(
    JSON.stringify({ name }),
  )
})

test('a header of several lines is one, and one that is not there is undefined', async () => {
  const get = (lines: string) =>
    `GET /header HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines}\r\n`

  expect(await answerTo(get('x-tried: a\r\nX-Tried: b\r\n'))).toBe('{"tried":"a, b"}')
  expect(await answerTo(get(''))).toBe('{"tried":null}')
})
