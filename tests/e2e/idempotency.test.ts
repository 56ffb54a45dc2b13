import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Answer, request } from '../support/http.ts'
import {
  adjustStock,
  countersOf,
  distinct,
  isReplay,
  placeHold,
  placeOrder,
  untilTold,
  withKey,
} from '../support/shop.ts'

let flashlane: Flashlane

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 2 })
})
afterAll(() => flashlane.stop())

const TIMES = 50
const ASYNC = { prefer: 'respond-async' }
const KEYS = [
  ['1478', '1478'],
  ['a:b', 'a:b'],
  ['of 255 bytes', `${'k'.repeat(253)}é`],
  ['🛒', '🛒'],
] as const

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  flashlane.api().post(path, body, headers)

/** The same request many times at once, over both apis, its key by turns in the header and in the body. */
const repeat = (path: string, body: object, key: string): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: TIMES }, (_, n) =>
      untilTold(() =>
        n % 4 < 2 ? post(path, body, withKey(key)) : post(path, { ...body, idempotency_key: key }),
      ),
    ),
  )

const rowsOf = async (table: 'holds' | 'orders', productId: number): Promise<number> => {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from ${sql.table(table)} where product_id = ${productId}
  `.execute(flashlane.database.db)
  return Number(rows[0]?.n)
}

test.each(KEYS)('50 equal holds at once under the key %s: one hold, one answer', async (_, key) => {
  const productId = await flashlane.product({ stock: 100 })

  const answers = await repeat('/api/holds', { product_id: productId, qty: 2 }, key)

  expect(distinct(answers)).toEqual([expect.stringMatching(/^201 /)])
  expect(answers.filter(isReplay)).toHaveLength(TIMES - 1)
  expect(await rowsOf('holds', productId)).toBe(1)
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 2, sold: 0 })
})

test.each(KEYS)(
  '50 equal orders at once under the key %s: one order, one answer',
  async (_, key) => {
    const productId = await flashlane.product({ stock: 100 })
    const holdId = await placeHold(flashlane, { product_id: productId, qty: 2 })

    const body = { hold_id: holdId, payment_status: 'cash_on_delivery' }
    const answers = await repeat('/api/orders', body, key)

    expect(distinct(answers)).toEqual([expect.stringMatching(/^201 /)])
    expect(answers.filter(isReplay)).toHaveLength(TIMES - 1)
    expect(await rowsOf('orders', productId)).toBe(1)
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 2 })
  },
)

test('50 equal additions of stock at once under one key: added once', async () => {
  const productId = await flashlane.product({ stock: 100 })

  const answers = await Promise.all(
    Array.from({ length: TIMES }, () =>
      adjustStock(flashlane, productId, { delta: 7 }, { idempotencyKey: '1478' }),
    ),
  )

  expect(new Set(answers.map((stock) => JSON.stringify(stock))).size).toBe(1)
  expect(await countersOf(flashlane, productId)).toMatchObject({ stockTotal: 107 })
})

test('50 equal holds at once for what is sold out: one refusal, remembered when there is stock again', async () => {
  const productId = await flashlane.product({ stock: 1 })
  const body = { product_id: productId, qty: 2 }

  const refused = await repeat('/api/holds', body, '1478')
  await adjustStock(flashlane, productId, { delta: 10 })
  const again = await post('/api/holds', body, withKey('1478'))
  const anew = await post('/api/holds', body, withKey('1479'))

  expect(distinct([...refused, again])).toHaveLength(1)
  expect(again).toMatchObject({
    status: 409,
    body: { code: 'insufficient_stock', available: 1, requested: 2 },
  })
  expect(refused.filter(isReplay)).toHaveLength(TIMES - 1)
  expect(isReplay(again)).toBe(true)
  expect(again.headers.get('content-type')).toBe('application/problem+json')
  expect(anew.status).toBe(201)
  expect(isReplay(anew)).toBe(false)
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 2 })
})

test('a hold’s replay answers as at its birth: after its release, after its order, after a change of stock', async () => {
  const productId = await flashlane.product({ stock: 10 })
  const body = { product_id: productId, qty: 1, ttl: 60 }
  const released = await post('/api/holds', body, withKey('to release'))
  const ordered = await post('/api/holds', body, withKey('to order'))

  const { status } = await request(
    `${flashlane.api().url}/api/holds/${String(released.body['hold_id'])}`,
    { method: 'DELETE' },
  )
  await placeOrder(flashlane, { hold_id: String(ordered.body['hold_id']) })
  await adjustStock(flashlane, productId, { set: 50 })

  expect(status).toBe(200)
  for (const [key, first] of [
    ['to release', released],
    ['to order', ordered],
  ] as const) {
    const again = await post('/api/holds', body, withKey(key))
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(isReplay(again)).toBe(true)
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
  }
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 1 })
})

test('an order’s replay answers as at its birth: after it was paid, and after it was cancelled', async () => {
  const productId = await flashlane.product({ stock: 10 })
  const place = async (key: string) => {
    const body = { hold_id: await placeHold(flashlane, { product_id: productId }) }
    return { key, body, first: await post('/api/orders', body, withKey(key)) }
  }
  const paid = await place('to pay')
  const cancelled = await place('to cancel')

  await post('/api/payments/webhook', {
    id: `pays ${String(paid.first.body['order_id'])}`,
    order_id: paid.first.body['order_id'],
    status: 'success',
  })
  await post(`/api/orders/${String(cancelled.first.body['order_id'])}/cancel`, {})

  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
  for (const { key, body, first } of [paid, cancelled]) {
    const again = await post('/api/orders', body, withKey(key))
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(again.body['status']).toBe('pending')
    expect(isReplay(again)).toBe(true)
  }
})

test('a refused order is refused again under its key, in the same words', async () => {
  const productId = await flashlane.product({ stock: 10 })
  const holdId = await placeHold(flashlane, { product_id: productId })
  const orderId = await placeOrder(flashlane, { hold_id: holdId })

  const refused = await post('/api/orders', { hold_id: holdId }, withKey('1478'))
  const again = await post('/api/orders', { hold_id: holdId }, withKey('1478'))

  expect(refused).toMatchObject({ status: 409, body: { code: 'hold_used', order_id: orderId } })
  expect(distinct([refused, again])).toHaveLength(1)
  expect([isReplay(refused), isReplay(again)]).toEqual([false, true])
})

test('a release and a cancellation under a key are answered again, whatever became of hold and order', async () => {
  const productId = await flashlane.product({ stock: 10 })
  const holdId = await placeHold(flashlane, { product_id: productId })
  const release = () =>
    request(`${flashlane.api().url}/api/holds/${holdId}`, {
      method: 'DELETE',
      headers: withKey('1478'),
    })
  const orderId = await placeOrder(flashlane, { hold_id: holdId })
  const cancel = () => post(`/api/orders/${orderId}/cancel`, {}, withKey('1478'))

  const releases = [await release(), await release()]
  const cancels = await Promise.all(Array.from({ length: TIMES }, cancel))

  expect(releases[0]).toMatchObject({ status: 409, body: { code: 'hold_converted' } })
  expect(distinct(releases)).toHaveLength(1)
  expect(distinct(cancels)).toEqual([expect.stringContaining('"status":"cancelled"')])
  expect(cancels.filter(isReplay)).toHaveLength(TIMES - 1)
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 0 })
})

test('one key, another request: 422 idempotency_key_reused, at once as well as later, and nothing is done', async () => {
  const productId = await flashlane.product({ stock: 100 })
  const body = { product_id: productId, qty: 2 }
  const others = [
    { ...body, qty: 3 },
    { ...body, ttl: 60 },
  ]

  const first = await post('/api/holds', body, withKey('1478'))
  const reused = await Promise.all(
    [...others, ...others].map((other) => post('/api/holds', other, withKey('1478'))),
  )
  const sameInOtherWords = await post(
    '/api/v1/holds',
    { quantity: 2, product_id: productId },
    withKey('1478'),
  )
  const mixed = await Promise.all(
    Array.from({ length: TIMES }, (_, n) =>
      untilTold(() => post('/api/holds', { ...body, qty: 1 + (n % 2) }, withKey('at once'))),
    ),
  )

  for (const { status, body: problem } of reused) {
    expect({ status, code: problem['code'] }).toEqual({
      status: 422,
      code: 'idempotency_key_reused',
    })
  }
  expect(sameInOtherWords).toMatchObject({ status: 201, body: first.body })
  expect(mixed.filter(({ status }) => status === 201)).toHaveLength(TIMES / 2)
  expect(mixed.filter(({ status }) => status === 422)).toHaveLength(TIMES / 2)
  expect(await rowsOf('holds', productId)).toBe(2)
})

test('one key, another request: a refusal is not told to it, and an order’s key is not given to another hold', async () => {
  const productId = await flashlane.product({ stock: 2 })
  const refused = await post('/api/holds', { product_id: productId, qty: 5 }, withKey('1478'))
  const other = await post('/api/holds', { product_id: productId, qty: 1 }, withKey('1478'))
  const [a, b] = await Promise.all(
    [1, 2].map(() => placeHold(flashlane, { product_id: productId })),
  )
  const ordered = await post('/api/orders', { hold_id: a }, withKey('1478'))
  const otherHold = await post('/api/orders', { hold_id: b }, withKey('1478'))
  const otherPayment = await post(
    '/api/orders',
    { hold_id: a, payment_status: 'cash_on_delivery' },
    withKey('1478'),
  )

  expect([refused.status, ordered.status]).toEqual([409, 201])
  for (const { status, body } of [other, otherHold, otherPayment]) {
    expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'idempotency_key_reused' })
  }
  expect(await rowsOf('orders', productId)).toBe(1)
})

test('keys that look alike are different keys, byte for byte', async () => {
  const productId = await flashlane.product({ stock: 100 })
  const keys = ['Key-é', 'KEY-E', 'key-é ', 'key-é', ' key-é', 'Key-e\u0301', 'Key-e', 'KEY-É']

  const answers = await Promise.all(
    keys.map((key) => post('/api/holds', { product_id: productId, qty: 1, idempotency_key: key })),
  )

  expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 201))
  expect(answers.filter(isReplay)).toEqual([])
  expect(new Set(answers.map(({ body }) => body['hold_id'])).size).toBe(keys.length)
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: keys.length })
})

test('a key belongs to one product, one customer and one operation', async () => {
  const productId = await flashlane.product({ stock: 100 })
  const another = await flashlane.product({ stock: 100 })
  const body = { product_id: productId, qty: 1 }

  const holds = await Promise.all(
    [
      body,
      { ...body, product_id: another },
      { ...body, customer_ref: 'anna' },
      { ...body, customer_ref: 'berta' },
    ].map((each) => post('/api/holds', each, withKey('1478'))),
  )
  const orders = await Promise.all(
    holds
      .slice(0, 2)
      .map((hold) => post('/api/orders', { hold_id: hold.body['hold_id'] }, withKey('1478'))),
  )
  const again = await post('/api/holds', { ...body, customer_ref: 'berta' }, withKey('1478'))

  expect([...holds, ...orders].map(({ status }) => status)).toEqual(Array(6).fill(201))
  expect([...holds, ...orders].filter(isReplay)).toEqual([])
  expect(new Set(holds.map(({ body: { hold_id } }) => hold_id)).size).toBe(4)
  expect(again.body).toEqual(holds[3]?.body)
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 3 })
})

test.each([
  ['empty', ''],
  ['of 256 bytes', 'k'.repeat(256)],
  ['of 254 characters and 256 bytes', `${'k'.repeat(252)}éé`],
])('a key that is %s is refused by name, in the header and in the body', async (_, key) => {
  const productId = await flashlane.product({ stock: 100 })
  const holdId = await placeHold(flashlane, { product_id: productId })

  for (const [path, body] of [
    ['/api/holds', { product_id: productId, qty: 1 }],
    ['/api/orders', { hold_id: holdId }],
    [`/api/orders/${holdId.replace('hold', 'ord')}/cancel`, {}],
  ] as const) {
    const answers = await Promise.all([
      post(path, body, withKey(key)),
      post(path, { ...body, idempotency_key: key }),
    ])
    for (const [{ status, body: problem }, field] of [
      [answers[0], 'Idempotency-Key'],
      [answers[1], 'idempotency_key'],
    ] as const) {
      expect({ status, code: problem['code'] }).toEqual({ status: 422, code: 'validation' })
      expect(fieldsOf(problem)).toEqual(new Set([field]))
    }
  }
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 1, sold: 0 })
  expect(await rowsOf('orders', productId)).toBe(0)
})

const fieldsOf = ({ errors }: Answer['body']) =>
  new Set((errors as { field: string }[]).map(({ field }) => field))

const withoutStanding = (answer: Answer): Answer => {
  const { position: _position, eta_ms: _eta, ...body } = answer.body
  return { ...answer, body }
}

test('while the first still waits in its lane, a repeat through the other api names the same ids and gets the same answer', async () => {
  const productId = await flashlane.product({ stock: 100 })
  const body = { product_id: productId, qty: 2 }
  for (const worker of flashlane.workers) worker.send('SIGSTOP')

  const queued = await Promise.all(
    [1, 2].map(() => post('/api/holds', body, { ...ASYNC, ...withKey('1478') })),
  )
  const orderBody = { hold_id: queued[0]?.body['hold_id'] }
  const queuedOrders = await Promise.all(
    [1, 2].map(() => post('/api/orders', orderBody, { ...ASYNC, ...withKey('1478') })),
  )
  const awaited = Promise.all([1, 2].map(() => post('/api/holds', body, withKey('1478'))))
  for (const worker of flashlane.workers) worker.send('SIGCONT')
  const held = await awaited
  const ordered = await post('/api/orders', orderBody, withKey('1478'))

  expect(queued.map(({ status }) => status)).toEqual([202, 202])
  // Where they stand is each one's own.
  expect(distinct(queued.map(withoutStanding))).toHaveLength(1)
  expect(distinct(queuedOrders.map(withoutStanding))).toHaveLength(1)
  expect(held.map(({ status }) => status)).toEqual([201, 201])
  expect(distinct(held)).toHaveLength(1)
  expect(held.every(isReplay)).toBe(true)
  expect(held[0]?.body['hold_id']).toBe(queued[0]?.body['hold_id'])
  expect(ordered).toMatchObject({
    status: 201,
    body: { order_id: queuedOrders[0]?.body['order_id'] },
  })
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 2 })
  expect(await rowsOf('orders', productId)).toBe(1)
})
