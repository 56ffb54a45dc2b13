/** What cannot be a request of ours: told so in the same words every time, and nothing is left of it anywhere. */
import { queueName } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Answer, request } from '../support/http.ts'
import { askEach } from '../support/redis.ts'
import { placeHold } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
let redis: RedisClient
let productId: number
let holdId: string
let before: Traces

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 2 })
  redis = flashlane.redis.connect()
  productId = await flashlane.product({ stock: 100 })
  holdId = await placeHold(flashlane, { product_id: productId, ttl: 3_600 })
  before = await until(settledTraces, { withinMs: 10_000, what: 'the hold’s lane is idle' })
})
afterAll(async () => {
  redis.disconnect()
  await flashlane.stop()
})

const TABLES = [
  'products',
  'holds',
  'orders',
  'payments',
  'refunds',
  'outcomes',
  'journal',
  'payment_events',
  'dead_letters',
] as const

type Traces = {
  readonly rows: Readonly<Record<string, number>>
  readonly lanes: readonly string[]
  /** What ever happened in the lane of the one product: BullMQ adds an event for each job and each of its states. */
  readonly laneEvents: number
}

/** Everything that a request can leave behind. */
async function traces(): Promise<Traces> {
  const rows: Record<string, number> = {}
  for (const table of TABLES) {
    const found = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      flashlane.database.db,
    )
    rows[table] = Number(found.rows[0]?.n)
  }
  return {
    rows,
    lanes: await lanesInRedis(),
    laneEvents: await redis.xlen(`${laneKey()}events`),
  }
}

async function lanesInRedis(): Promise<readonly string[]> {
  const keys = await askEach(redis, (server) => server.keys('*'))
  const named = keys.map((key) => /\{flashlane-(.*?)\}/.exec(key)?.[1] ?? '')
  return [...new Set(named)].filter((lane) => lane !== '').toSorted()
}

const laneKey = () => `bull:${queueName(`p${productId}`)}:`

/** The hold's batch is done with, and the job that will expire it is in its place. */
async function settledTraces(): Promise<Traces | false> {
  const active = await redis.llen(`${laneKey()}active`)
  const delayed = await redis.zcard(`${laneKey()}delayed`)
  return active === 0 && delayed === 1 && traces()
}

const call = (
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> => request(flashlane.api().url + path, { method, body, headers })

const post = (path: string, body: unknown): Promise<Answer> => call('POST', path, { body })

/** What an answer says, if it is as RFC 9457 wants it: its status, its code, and the fields that it names. */
function said(answer: Answer): string {
  const { status, headers, body } = answer
  const { code, errors = [] } = body as { code: string; errors?: { field: string }[] }
  const texts = ['title', 'detail', 'instance'].map((name) => body[name])
  const isWellFormed =
    headers.get('content-type') === 'application/problem+json' &&
    headers.has('x-request-id') &&
    body['type'] === `/problems/${code}` &&
    body['status'] === status &&
    texts.every((text) => typeof text === 'string' && text !== '')
  if (!isWellFormed) return `no problem: ${status} ${JSON.stringify(body)}`
  const fields = new Set(errors.map(({ field }) => field))
  return [status, code, ...[...fields].toSorted()].join(' ')
}

const NO_COUNT = [0, -1, 1.5, '2', '', null, true, [], {}, 2 ** 31, 2 ** 31 + 0.5, 1e300, -1e300]
const NO_NAME = ['', 5, true, [], {}, 'x'.repeat(256), 'é'.repeat(128), '\ud800']
const NO_OBJECT = ['[]', '"text"', '5', 'null', 'true', '[{"product_id":1,"qty":1}]']
const NO_JSON = [
  '',
  '{',
  '{"product_id":1,}',
  "{'product_id':1}",
  'NaN',
  '{"qty":NaN}',
  'undefined',
  '[1',
  '\u0000',
]

describe('a hold', () => {
  const valid = () => ({ product_id: productId, qty: 1 })

  test.each(NO_COUNT)('of quantity %j: 422 naming it', async (count) => {
    expect(said(await post('/api/holds', { product_id: productId, qty: count }))).toBe(
      '422 validation qty',
    )
    expect(said(await post('/api/holds', { product_id: productId, quantity: count }))).toBe(
      '422 validation quantity',
    )
  })

  test('of more than a hold may have, or of no quantity at all: 422 naming it', async () => {
    expect(said(await post('/api/holds', { product_id: productId, qty: 101 }))).toBe(
      '422 validation qty',
    )
    expect(said(await post('/api/holds', { product_id: productId }))).toBe('422 validation qty')
  })

  test('of two quantities that differ: 422 naming one of them', async () => {
    expect(said(await post('/api/holds', { ...valid(), quantity: 2 }))).toBe(
      '422 validation quantity',
    )
    expect(said(await post('/api/holds', { ...valid(), ttl: 60, ttl_seconds: 61 }))).toBe(
      '422 validation ttl_seconds',
    )
  })

  test.each([0, -1, 1.5, '1', '', null, true, [], {}, 1e300, 2 ** 53])(
    'of the product %j: 422 naming it',
    async (id) => {
      expect(said(await post('/api/holds', { product_id: id, qty: 1 }))).toBe(
        '422 validation product_id',
      )
    },
  )

  test('of no product: 422 naming it', async () => {
    expect(said(await post('/api/holds', { qty: 1 }))).toBe('422 validation product_id')
  })

  test.each([2 ** 31, 2 ** 31 + 1, 999_999_999_999_999, 1])(
    'of a product that does not exist, %d: 404',
    async (id) => {
      expect(said(await post('/api/holds', { product_id: id, qty: 1 }))).toBe(
        '404 product_not_found',
      )
    },
  )

  test.each([2, 3_601, 0, -60, 60.5, '60', null])('for %j seconds: 422 naming it', async (ttl) => {
    expect(said(await post('/api/holds', { ...valid(), ttl }))).toBe('422 validation ttl')
    expect(said(await post('/api/holds', { ...valid(), ttl_seconds: ttl }))).toBe(
      '422 validation ttl_seconds',
    )
  })

  test.each(NO_NAME)('of the customer %j: 422 naming it', async (name) => {
    expect(said(await post('/api/holds', { ...valid(), customer_ref: name }))).toBe(
      '422 validation customer_ref',
    )
    expect(said(await post('/api/holds', { ...valid(), idempotency_key: name }))).toBe(
      '422 validation idempotency_key',
    )
  })

  test.each(['colour', '__proto__', 'constructor', 'toString', 'hold_id', 'Qty'])(
    'with a field %s, which none has: 422 naming it',
    async (field) => {
      const body = `{"product_id":${productId},"qty":1,"${field}":{"qty":1}}`
      expect(said(await post('/api/holds', body))).toBe(`422 validation ${field}`)
    },
  )

  test('whose fields come by way of __proto__ only: 422, for they are not its own', async () => {
    const body = `{"__proto__":{"product_id":${productId},"qty":1}}`
    expect(said(await post('/api/holds', body))).toBe('422 validation __proto__ product_id')
  })

  test('with everything wrong: each fault is named', async () => {
    const answer = await post('/api/holds', { product_id: 'x', qty: 0, ttl: 1, colour: 'red' })

    expect(said(answer)).toBe('422 validation colour product_id qty ttl')
  })
})

describe('an order', () => {
  test.each([undefined, null, 5, true, [], {}, 'x'.repeat(256)])(
    'of the hold %j: 422 naming it',
    async (id) => {
      expect(said(await post('/api/orders', { hold_id: id }))).toBe('422 validation hold_id')
    },
  )

  test.each([...NO_NAME, null])('of the payment %j: 422 naming it', async (name) => {
    for (const field of ['payment_intent_id', 'payment_ref']) {
      expect(said(await post('/api/orders', { hold_id: holdId, [field]: name }))).toBe(
        `422 validation ${field}`,
      )
    }
  })

  test('of two payments, of an unknown way to pay, with a field that none has: 422 naming it', async () => {
    const twoPayments = { hold_id: holdId, payment_intent_id: 'a', payment_ref: 'b' }
    expect(said(await post('/api/orders', twoPayments))).toBe('422 validation payment_ref')
    expect(said(await post('/api/orders', { hold_id: holdId, payment_status: 'paid' }))).toBe(
      '422 validation payment_status',
    )
    expect(said(await post('/api/orders', { hold_id: holdId, status: 'paid' }))).toBe(
      '422 validation status',
    )
  })
})

describe('an id', () => {
  const x = '0123456789abcdefghjkmnpqrs'
  const ids = (kind: string) => [
    'x',
    `${kind}_`,
    `${kind}_1`,
    `${kind}_${productId}`,
    `${kind}_0_${x}`,
    `${kind}_0${productId}_${x}`,
    `${kind}_-${productId}_${x}`,
    `${kind}_${productId}_${x}0`,
    `${kind}_${productId}_${x.slice(1)}u`,
    `${kind}_${productId}_${x.toUpperCase()}`,
    `${kind.toUpperCase()}_${productId}_${x}`,
    ` ${kind}_${productId}_${x}`,
    `${kind}_${productId}_${x}\n`,
    `pay_${productId}_${x}`,
    `${kind}_9999999999999999_${x}`,
    `${kind}_2147483648_${x}`,
    `${kind}_${productId}_${x}' or '1'='1`,
    'x'.repeat(1_000),
    '__proto__',
    '../orders',
    '🛒',
  ]

  test.each([
    ['GET', 'holds', 'hold', '', 'hold_not_found'],
    ['DELETE', 'holds', 'hold', '', 'hold_not_found'],
    ['GET', 'orders', 'ord', '', 'order_not_found'],
    ['POST', 'orders', 'ord', '/cancel', 'order_not_found'],
    ['GET', 'commands', 'cmd', '', 'command_unknown'],
  ])('that is malformed or leads nowhere, in %s /%s: 404', async (...named) => {
    const [method, path, kind, rest, code] = named
    const others = ['hold', 'ord', 'cmd'].filter((other) => other !== kind)
    const all = [...ids(kind), ...others.map((other) => `${other}_${productId}_${x}`)]

    for (const id of all) {
      const address = `/api/${path}/${encodeURIComponent(id)}${rest}`
      expect(said(await call(method, address))).toBe(`404 ${code}`)
    }
  })

  test.each(['%00', '%E0%A4%A', '%', '%zz', '%ff'])('that is no text, %s: 404', async (id) => {
    expect(said(await call('GET', `/api/holds/${id}`))).toBe('404 hold_not_found')
    expect(said(await call('GET', `/api/products/${id}`))).toBe('404 product_not_found')
  })

  test('of a hold that is malformed or leads nowhere, in an order: 404', async () => {
    for (const id of [...ids('hold'), '', `ord_${productId}_${x}`, `cmd_${productId}_${x}`]) {
      if (Buffer.byteLength(id) > 255) continue
      expect(said(await post('/api/orders', { hold_id: id }))).toBe('404 hold_not_found')
    }
  })

  test.each(['0', '-1', '01', '1.5', '1e3', 'x', 'NaN', '2147483648', '9999999999999999', '1%20'])(
    'of a product, %s: 404',
    async (id) => {
      expect(said(await call('GET', `/api/products/${id}`))).toBe('404 product_not_found')
      const address = `/api/admin/products/${id}/stock`
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
      const body = { delta: 1 }
      expect(said(await call('POST', address, { body, headers }))).toBe('404 product_not_found')
    },
  )
})

describe('a body', () => {
  const commands = ['/api/holds', '/api/orders', '/api/v1/holds']
  const webhook = '/api/payments/webhook'

  test.each(NO_JSON)('that is no JSON, %j: 400', async (text) => {
    for (const path of [...commands, webhook]) {
      expect(said(await post(path, text))).toBe('400 malformed')
    }
  })

  test.each(NO_OBJECT)('that is no object, %s: refused by name', async (text) => {
    for (const path of commands) expect(said(await post(path, text))).toBe('422 validation body')
    expect(said(await post(webhook, text))).toBe('400 malformed')
  })

  test('that is not UTF-8: 400, wherever in it that is', async () => {
    const bytes = (before: string, after: string) =>
      Buffer.concat([Buffer.from(before), Buffer.from([0xc3, 0x28]), Buffer.from(after)])
    const hold = bytes(`{"product_id":${productId},"qty":1,"customer_ref":"`, '"}')
    const event = bytes('{"id":"', '","payment_intent_id":"pi_1","status":"success"}')

    expect(said(await post('/api/holds', hold))).toBe('400 malformed')
    expect(said(await post('/api/holds', streamOf(hold)))).toBe('400 malformed')
    expect(said(await post(webhook, event))).toBe('400 malformed')
    expect(said(await post(webhook, streamOf(event)))).toBe('400 malformed')
  })

  test('that is missing: 415 without a type, 400 with one', async () => {
    for (const path of commands) {
      expect(said(await call('POST', path))).toBe('415 unsupported_media_type')
      const headers = { 'content-type': 'application/json' }
      expect(said(await call('POST', path, { headers }))).toBe('400 malformed')
    }
    expect(said(await call('POST', webhook))).toBe('400 malformed')
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'text/json',
    'application/jsonx',
    '',
  ])('that says it is %j: 415', async (type) => {
    const body = JSON.stringify({ product_id: productId, qty: 1 })
    const headers = { 'content-type': type }
    expect(said(await call('POST', '/api/holds', { body, headers }))).toBe(
      '415 unsupported_media_type',
    )
  })

  test.each([
    ['/api/holds', 16],
    ['/api/orders', 16],
    ['/api/payments/webhook', 256],
  ])('of %s that is larger than %d KB: 413, with its length and without', async (path, kb) => {
    const text = JSON.stringify({ id: 'x', padding: 'x'.repeat(kb * 1_024) })

    expect(said(await post(path, text))).toBe('413 body_too_large')
    expect(said(await post(path, streamOf(Buffer.from(text))))).toBe('413 body_too_large')
  })

  test('that has not ended but is too large already: 413 at once', async () => {
    const unended = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(20 * 1_024).fill(0x20))
      },
    })

    expect(said(await post('/api/holds', unended))).toBe('413 body_too_large')
  })

  test('that is nested as deep as it is long: refused, and the api lives', async () => {
    const deep = '['.repeat(8_000) + ']'.repeat(8_000)

    expect(said(await post('/api/holds', deep))).toBe('422 validation body')
    expect(said(await post('/api/holds', `{"product_id":${deep}}`))).toBe(
      '422 validation product_id',
    )
  })

  test('of a release or a cancellation that says more than its key: refused by name', async () => {
    const orderId = holdId.replace('hold', 'ord')
    expect(said(await call('DELETE', `/api/holds/${holdId}`, { body: { hold_id: 'x' } }))).toBe(
      '422 validation hold_id',
    )
    expect(said(await post(`/api/orders/${orderId}/cancel`, { force: true }))).toBe(
      '422 validation force',
    )
    expect(said(await post(`/api/orders/${orderId}/cancel`, '{'))).toBe('400 malformed')
  })
})

describe('a webhook', () => {
  const event = { id: 'evt', payment_intent_id: 'pi', status: 'success' }

  test.each([
    ['no key', { ...event, id: undefined }],
    ['an empty key', { ...event, id: '' }],
    ['a key of 256 bytes', { ...event, id: 'x'.repeat(256) }],
    ['a key that is an object', { ...event, id: {} }],
    ['a key of half a character', { ...event, id: '\ud800' }],
    ['a reference of 256 bytes', { ...event, payment_intent_id: 'x'.repeat(256) }],
    ['an amount below zero', { ...event, amount: -1 }],
    ['a broken amount', { ...event, amount: 1.5 }],
    ['an amount in words', { ...event, amount: 'much' }],
    ['a huge amount', { ...event, amount: 1e300 }],
    ['a currency that is none', { ...event, currency: 'dollars' }],
  ])('with %s: 400', async (_, body) => {
    expect(said(await post('/api/payments/webhook', body))).toBe('400 malformed')
  })

  test('with an empty key in its header, or one of 256 bytes: 400', async () => {
    for (const key of ['', 'x'.repeat(256)]) {
      for (const name of ['webhook-id', 'idempotency-key']) {
        const headers = { [name]: key }
        const answer = await call('POST', '/api/payments/webhook', { body: event, headers })
        expect(said(answer)).toBe('400 malformed')
      }
    }
  })
})

describe('an operator’s request', () => {
  const product = { name: 'Sneaker', price: 4_900, currency: 'USD', stock_total: 5 }
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }

  test.each([
    ['without a token', {}],
    ['with another', { authorization: 'Bearer another' }],
    ['with the token in another manner', { authorization: ADMIN_TOKEN }],
    ['with nothing', { authorization: 'Bearer ' }],
  ])('%s: 401, whatever it asks', async (_, headers) => {
    for (const path of ['/api/admin/products', `/api/admin/products/${productId}/stock`]) {
      for (const body of [product, { delta: 1 }, '{', {}]) {
        expect(said(await call('POST', path, { body, headers }))).toBe('401 unauthorized')
      }
    }
  })

  test.each([
    ['name', ''],
    ['name', 5],
    ['name', 'x'.repeat(256)],
    ['price', -1],
    ['price', 1.5],
    ['price', '4900'],
    ['price', 1e300],
    ['currency', 'usd'],
    ['currency', 'DOLLAR'],
    ['stock_total', -1],
    ['stock_total', 1.5],
    ['stock_total', 2_000_000_001],
    ['stock_total', undefined],
    ['image', 'x'.repeat(2_001)],
    ['description', 'x'.repeat(4_001)],
    ['colour', 'red'],
  ])('for a product whose %s is %j: 422 naming it', async (field, value) => {
    const body = { ...product, [field]: value }
    expect(said(await call('POST', '/api/admin/products', { body, headers }))).toBe(
      `422 validation ${field}`,
    )
  })

  test.each([
    ['delta', {}],
    ['delta', { delta: 1, set: 1 }],
    ['delta', { delta: 1.5 }],
    ['delta', { delta: '1' }],
    ['delta', { delta: 2_000_000_001 }],
    ['set', { set: -1 }],
    ['set', { set: 2_000_000_001 }],
    ['by', { by: 1 }],
  ])('for stock that names %s wrongly, %j: 422 naming it', async (field, body) => {
    const path = `/api/admin/products/${productId}/stock`
    expect(said(await call('POST', path, { body, headers }))).toBe(`422 validation ${field}`)
  })
})

describe('an address', () => {
  test.each([
    '/',
    '/api',
    '/api/',
    '/api/nothing',
    '/api/v2/holds',
    '/api/holds/a/b',
    '/holds',
    '/api/holds/',
  ])('that is none, %s: 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(said(await call(method, path))).toBe('404 not_found')
    }
  })

  test.each([
    ['PUT', '/api/holds', 'POST'],
    ['GET', '/api/holds', 'POST'],
    ['DELETE', '/api/orders', 'POST'],
    ['POST', '/api/products', 'GET'],
    ['PATCH', '/api/holds/x', 'GET, DELETE'],
    ['GET', '/api/payments/webhook', 'POST'],
    ['POST', '/api/commands/x', 'GET'],
    ['DELETE', '/livez', 'GET'],
    ['OPTIONS', '/api/holds', 'POST'],
  ])('that does not take %s, %s: 405 telling that it takes %s', async (method, path, allowed) => {
    const answer = await call(method, path)

    expect(said(answer)).toBe('405 method_not_allowed')
    expect(answer.headers.get('allow')).toBe(allowed)
  })

  test.each([
    ['page', '0'],
    ['page', 'x'],
    ['page', '1.5'],
    ['per_page', '0'],
    ['per_page', '101'],
    ['colour', 'red'],
  ])('whose query has %s=%s: 422 naming it', async (field, value) => {
    expect(said(await call('GET', `/api/products?${field}=${value}`))).toBe(
      `422 validation ${field}`,
    )
  })
})

test('after all that: no row, no job, no lane', async () => {
  expect(await traces()).toEqual(before)
  expect(before.lanes).toEqual(['canary', `p${productId}`].toSorted())
})

test('a payment that names an order of a product which does not exist is kept, and makes no lane', async () => {
  const reference = 'ord_999999999999999_0123456789abcdefghjkmnpqrs'
  const event = { id: 'for nothing', order_id: reference, status: 'success' }

  const answer = await post('/api/payments/webhook', event)
  await until(async () => (await triesOf('for nothing')) >= 2, {
    withinMs: 20_000,
    what: 'workers look for its lane once, and again',
  })

  expect(answer).toMatchObject({
    status: 202,
    body: { status: 'accepted', event_id: 'for nothing' },
  })
  const after = await traces()
  expect(after.lanes).toEqual(before.lanes)
  expect(after.rows).toEqual({ ...before.rows, payment_events: 1 })
})

async function triesOf(key: string): Promise<number> {
  const { rows } = await sql<{ tries: number }>`
    select tries from payment_events where event_key = ${Buffer.from(key)}
  `.execute(flashlane.database.db)
  return rows[0]?.tries ?? 0
}

function streamOf(bytes: Uint8Array): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
}
