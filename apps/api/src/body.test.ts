import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { readJson, readOptionalJson, readText } from './body.ts'
import { customerRefField, emptyBody } from './fields.ts'
import { Fault } from './problem.ts'
import { z } from 'zod'

const schema = z.strictObject({ customer_ref: customerRefField })

const app = new Hono()
  .post('/json', async (c) => c.json(await readJson(c, schema)))
  .post('/optional', async (c) => c.json(await readOptionalJson(c, emptyBody)))
  .post('/text', async (c) => c.text(await readText(c, 10)))
app.onError((error, c) =>
  error instanceof Fault
    ? c.json({ code: error.code, errors: error.extras['errors'] }, 400)
    : c.text('broken', 500),
)

type Sent = string | ReadableStream | null

async function send(path: string, body: Sent, type?: string): Promise<unknown> {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const response = await app.request(path, { method: 'POST', body, headers, duplex: 'half' })
  const text = await response.text()
  return text.startsWith('{') ? JSON.parse(text) : text
}

const code = async (path: string, body: Sent, type?: string): Promise<unknown> =>
  ((await send(path, body, type)) as { code?: string }).code

/** A body that tells no length. */
const inChunks = (...chunks: string[]): ReadableStream =>
  ReadableStream.from(chunks.map((chunk) => Buffer.from(chunk)))

test.each(['application/json', 'Application/JSON; charset=utf-8', 'application/merge-patch+json'])(
  '%s is JSON',
  async (type) => {
    expect(await send('/json', '{"customer_ref":"anna"}', type)).toEqual({ customer_ref: 'anna' })
  },
)

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
  'a body that says it is %j is another type, whether it had to be there or not',
  async (type) => {
    expect(await code('/json', '{}', type)).toBe('unsupported_media_type')
    expect(await code('/optional', '{}', type)).toBe('unsupported_media_type')
  },
)

test('a request that needs no body needs no type either', async () => {
  expect(await send('/optional', null)).toEqual({})
  expect(await send('/optional', '', 'text/plain')).toEqual({})
})

test('a field that is wrong in several ways is listed once', async () => {
  const body = JSON.stringify({ customer_ref: 'x'.repeat(256), colour: 'red' })

  const { errors } = (await send('/json', body, 'application/json')) as {
    errors: { field: string }[]
  }

  expect(errors.map(({ field }) => field)).toEqual(['customer_ref', 'colour'])
})

test('a body without a length is counted as it comes', async () => {
  expect(await send('/text', inChunks('01234', '56789'))).toBe('0123456789')
  expect(await code('/text', inChunks('01234', '567890'))).toBe('body_too_large')
  expect(await code('/text', '01234567890')).toBe('body_too_large')
})
