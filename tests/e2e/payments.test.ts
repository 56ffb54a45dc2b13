import { makeDeriveX } from '@flashlane/api/idempotency.ts'
import { formatId } from '@flashlane/core'
import { findEvent, idempotencySecret } from '@flashlane/db'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import {
  adjustStock,
  countersOf,
  distinct,
  inHeader,
  placeHold,
  placeOrder,
} from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane

/** Deadlines are as short as they can be: a hold's of three seconds, and its order's with it. */
const TTL_S = 3
const PRICE = 4_900
const TIMES = 50
const WITHIN = { withinMs: 20_000 }

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 2, env: { PAYMENT_DUE_S: '1' } })
})
afterAll(() => flashlane.stop())

let events = 0
const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  flashlane.api().post(path, body, headers)

/** An event with a key of its own, unless it brings one. */
const tell = (event: object, headers: Record<string, string> = {}): Promise<Answer> =>
  post('/api/payments/webhook', { id: `evt ${++events}`, status: 'success', ...event }, headers)

/** How many were told what. */
const tally = (answers: readonly Answer[]): Record<string, number> => {
  const grouped = Object.groupBy(answers, ({ body }) => String(body['result']))
  return Object.fromEntries(
    Object.entries(grouped).map(([result, of]) => [result, of?.length ?? 0]),
  )
}

const aProduct = (stock: number): Promise<number> => flashlane.product({ stock, price: PRICE })

type Bought = { readonly productId: number; readonly holdId: string; readonly orderId: string }

async function buy(productId: number, fields: object = {}): Promise<Bought> {
  const holdId = await placeHold(flashlane, { product_id: productId, ...fields })
  return { productId, holdId, orderId: await placeOrder(flashlane, { hold_id: holdId }) }
}

const cancel = async (orderId: string): Promise<void> => {
  const { body } = await post(`/api/orders/${orderId}/cancel`, {})
  expect(body['status']).toBe('cancelled')
}

const orderOf = async (orderId: string): Promise<Answer['body']> =>
  (await flashlane.api().get(`/api/orders/${orderId}`)).body

const eventOf = (key: string) => findEvent(flashlane.database, 'generic', key)

async function refundsOf(orderId: string): Promise<string[]> {
  const { rows } = await sql<{ reference: Buffer | null; status: string; amount: number }>`
    select reference, status, amount from refunds where order_id = ${orderId} order by created_at_ms
  `.execute(flashlane.database.db)
  return rows.map(({ reference, status, amount }) => `${String(reference)} ${status} ${amount}`)
}

const expired = (orderId: string) =>
  until(async () => (await orderOf(orderId))['status'] === 'expired', {
    ...WITHIN,
    what: 'the order expires',
  })

describe('the same webhook 50 times at once', () => {
  test.each([
    ['success', 'paid', { held: 0, sold: 2 }],
    ['failed', 'cancelled', { held: 0, sold: 0 }],
  ])(
    '%s: one effect, and the others are told that they are duplicates',
    async (status, after, counters) => {
      const { productId, orderId } = await buy(await aProduct(10), { qty: 2 })
      const event = { id: `evt ${++events}`, order_id: orderId, amount: 2 * PRICE, currency: 'USD' }

      const answers = await Promise.all(
        Array.from({ length: TIMES }, () => tell({ ...event, status })),
      )
      const later = await tell({ ...event, status })

      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
      expect(tally(answers)).toEqual({ applied: 1, duplicate: TIMES - 1 })
      expect(distinct([...answers, later])).toHaveLength(2)
      expect(later.body).toMatchObject({
        result: 'duplicate',
        order_id: orderId,
        order_status: after,
      })
      expect(await countersOf(flashlane, productId)).toMatchObject(counters)
      expect((await orderOf(orderId))['status']).toBe(after)
      expect(await refundsOf(orderId)).toEqual([])
    },
  )

  test('as 50 events of one payment, each with a key of its own: paid once, and nothing goes back', async () => {
    const { productId, orderId } = await buy(await aProduct(10))

    const answers = await Promise.all(
      Array.from({ length: TIMES }, () =>
        tell({ order_id: orderId, payment_intent_id: `of ${orderId}` }),
      ),
    )

    expect(tally(answers)).toEqual({ applied: 1, ignored: TIMES - 1 })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
    expect(await refundsOf(orderId)).toEqual([])
  })

  test('as 50 payments of one order: one pays, 49 go back', async () => {
    const { productId, orderId } = await buy(await aProduct(10))

    const answers = await Promise.all(
      Array.from({ length: TIMES }, (_, n) =>
        tell({ order_id: orderId, payment_intent_id: `${n} of ${orderId}` }),
      ),
    )

    expect(tally(answers)).toEqual({ applied: 1, refund_due: TIMES - 1 })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
    expect(new Set(await refundsOf(orderId)).size).toBe(TIMES - 1)
  })
})

describe('before its order is there', () => {
  type Names = { readonly holdId: string; readonly orderId: string; readonly ref: string }
  const PARKED = [{ status: 200, body: { result: 'parked' } }, 'parked'] as const
  // Only a reference that nobody knows yet leads to no lane.
  const KEPT = [{ status: 202, body: { status: 'accepted' } }, 'waiting'] as const
  const BY = {
    'order id': [({ orderId }: Names) => ({ order_id: orderId }), PARKED],
    'hold id': [({ holdId }: Names) => ({ hold_id: holdId }), PARKED],
    'payment reference': [({ ref }: Names) => ({ payment_intent_id: ref }), KEPT],
    'all three': [
      ({ orderId, holdId, ref }: Names) => ({
        order_id: orderId,
        hold_id: holdId,
        payment_intent_id: ref,
      }),
      PARKED,
    ],
  } as const
  const CASES = (Object.keys(BY) as (keyof typeof BY)[]).flatMap((by) => [
    [by, 'success', 'paid', { held: 0, sold: 2 }] as const,
    [by, 'failed', 'cancelled', { held: 0, sold: 0 }] as const,
  ])

  test.each(CASES)('told by %s, %s: it is born %s, and its answer shows it', async (...named) => {
    const [by, status, born, counters] = named
    const productId = await aProduct(10)
    const holdId = await placeHold(flashlane, { product_id: productId, qty: 2 })
    const names = { holdId, orderId: await idOfKeyed(productId, '1478'), ref: `of ${holdId}` }
    const [name, [answered, state]] = BY[by]
    const event = { id: `evt ${++events}`, status, ...name(names) }

    const early = await tell(event)
    const repeated = await tell(event)
    const waiting = await eventOf(event.id)
    const before = await countersOf(flashlane, productId)
    const order = await post('/api/orders', {
      hold_id: holdId,
      payment_intent_id: names.ref,
      idempotency_key: '1478',
    })
    const late = await tell(event)

    expect(early).toMatchObject(answered)
    expect([200, 202]).toContain(repeated.status)
    expect(waiting?.state).toBe(state)
    expect(before).toMatchObject({ held: 2, sold: 0 })
    expect(order).toMatchObject({ status: 201, body: { order_id: names.orderId, status: born } })
    expect(await countersOf(flashlane, productId)).toMatchObject(counters)
    expect(await eventOf(event.id)).toMatchObject({ state: 'done', result: 'applied' })
    expect(late).toMatchObject({
      status: 200,
      body: { result: 'duplicate', order_id: names.orderId, order_status: born },
    })
  })

  test('told by the order id of a 202, while the order waits in its lane: it is born paid', async () => {
    const productId = await aProduct(10)
    const holdId = await placeHold(flashlane, { product_id: productId })
    const signal = (name: NodeJS.Signals) => flashlane.workers.forEach((each) => each.send(name))

    signal('SIGSTOP')
    const queued = await post('/api/orders', { hold_id: holdId }, { prefer: 'respond-async' })
    const event = { id: `evt ${++events}`, order_id: queued.body['order_id'] }
    const early = await tell(event)
    signal('SIGCONT')
    const command = await until(
      async () => {
        const path = `/api/commands/${String(queued.body['command_id'])}`
        const { body } = await flashlane.api().get(path)
        return body['status'] === 'applied' && body
      },
      { ...WITHIN, what: 'the order is placed' },
    )

    expect(early).toMatchObject({ status: 202, body: { status: 'accepted', event_id: event.id } })
    expect(command).toMatchObject({ http_status: 201, result: { status: 'paid' } })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
    expect((await tell(event)).body).toMatchObject({ result: 'duplicate', order_status: 'paid' })
  })

  test('an order that names another payment does not get the money, the one that names it does', async () => {
    const productId = await aProduct(10)
    const holds = await Promise.all(
      [1, 2].map(() => placeHold(flashlane, { product_id: productId })),
    )
    const ref = `of ${holds[1]}`

    const early = await tell({ payment_intent_id: ref })
    const orders = []
    for (const [n, hold_id] of holds.entries()) {
      const payment_intent_id = n === 0 ? `of ${hold_id}` : ref
      orders.push(await post('/api/orders', { hold_id, payment_intent_id }))
    }

    expect(early.status).toBe(202)
    expect(orders.map(({ body }) => body['status'])).toEqual(['pending', 'paid'])
  })

  test('a number that could be anybody’s is accepted, and pays nothing', async () => {
    const productId = await aProduct(10)

    const answers = await Promise.all([1, 2, '3', productId].map((order_id) => tell({ order_id })))
    const { orderId } = await buy(productId)

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202])
    expect((await orderOf(orderId))['status']).toBe('pending')
  })
})

/** The id of the order that a request with this key will make. */
async function idOfKeyed(productId: number, key: string): Promise<string> {
  const deriveX = makeDeriveX(await idempotencySecret(flashlane.database))
  const scope = { operation: 'PlaceOrder', productId, customerRef: null } as const
  return formatId('ord', productId, deriveX(scope, key))
}

describe('a success that comes late', () => {
  const END: Record<string, (orderId: string) => Promise<unknown>> = { cancelled: cancel, expired }

  test.each(Object.keys(END))(
    'for an order that is %s while there is stock: paid after all',
    async (end) => {
      const { productId, orderId } = await buy(await aProduct(2), { qty: 2, ttl: TTL_S })
      await END[end]?.(orderId)
      const freed = await countersOf(flashlane, productId)

      const answer = await tell({ order_id: orderId, amount: 2 * PRICE, currency: 'usd' })

      expect(freed).toMatchObject({ held: 0, sold: 0 })
      expect(answer).toMatchObject({
        status: 200,
        body: { result: 'late_retaken', order_id: orderId, order_status: 'paid' },
      })
      expect(await orderOf(orderId)).toMatchObject({ status: 'paid', late_payment: true })
      expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 2 })
      expect(await refundsOf(orderId)).toEqual([])
    },
  )

  test.each(Object.keys(END))(
    'for an order that is %s, its units another’s: the money goes back, once',
    async (end) => {
      const { productId, orderId } = await buy(await aProduct(2), { qty: 2, ttl: TTL_S })
      await END[end]?.(orderId)
      const another = await buy(productId, { qty: 1 })
      const ref = `of ${orderId}`
      const event = { id: `evt ${++events}`, order_id: orderId, payment_intent_id: ref }

      const answer = await tell(event)
      await adjustStock(flashlane, productId, { delta: 10 })
      const again = await Promise.all([
        tell(event),
        tell({ order_id: orderId }),
        tell({ payment_intent_id: ref }),
      ])

      expect(answer).toMatchObject({
        status: 200,
        body: { result: 'refund_due', order_id: orderId, order_status: 'refund_due' },
      })
      expect(again.map(({ body }) => body['result'])).toEqual(['duplicate', 'ignored', 'ignored'])
      expect(await orderOf(orderId)).toMatchObject({
        status: 'refund_due',
        late_payment: true,
        refund: { status: 'due', amount: 2 * PRICE, currency: 'USD', reason: 'late_payment' },
      })
      expect(await refundsOf(orderId)).toEqual([`${ref} due ${2 * PRICE}`])
      expect((await orderOf(another.orderId))['status']).toBe('pending')
      expect(await countersOf(flashlane, productId)).toMatchObject({ held: 1, sold: 0 })
    },
  )

  test('two late payers of one unit: one is served, the other’s money goes back', async () => {
    for (let round = 0; round < 5; round++) {
      const productId = await aProduct(2)
      const buyers = await Promise.all([buy(productId), buy(productId)])
      await Promise.all(buyers.map(({ orderId }) => cancel(orderId)))
      await adjustStock(flashlane, productId, { set: 1 })

      const answers = await Promise.all(buyers.map(({ orderId }) => tell({ order_id: orderId })))

      expect(tally(answers)).toEqual({ late_retaken: 1, refund_due: 1 })
      expect(await countersOf(flashlane, productId)).toEqual({ stockTotal: 1, held: 0, sold: 1 })
    }
  })
})

const ATTEMPTS = [
  ['failed', 'success', 'failed'],
  ['success', 'failed', 'failed'],
  ['failed', 'failed', 'success'],
  ['success', 'failed', 'success'],
  ['failed', 'success', 'success'],
] as const

test.each(ATTEMPTS)(
  '%s, %s, %s for the last unit, another buyer in between: sold once at most, and money ends in a sale or a refund',
  async (...attempts) => {
    for (const isAtOnce of [false, true]) {
      for (let between = 0; between <= attempts.length; between++) {
        const { productId, orderId } = await buy(await aProduct(1))
        const ref = `of ${orderId}`
        const steps: (() => Promise<unknown>)[] = attempts.map(
          (status) => () => tell({ status, order_id: orderId, payment_intent_id: ref }),
        )
        let rival: Answer | undefined
        steps.splice(between, 0, async () => {
          rival = await post('/api/holds', { product_id: productId, qty: 1 })
        })

        if (isAtOnce) await Promise.all(steps.map((step) => step()))
        else for (const step of steps) await step()

        const { status } = await orderOf(orderId)
        const isRivalServed = rival?.status === 201
        expect(status).toBe(isRivalServed ? 'refund_due' : 'paid')
        expect(await refundsOf(orderId)).toEqual(isRivalServed ? [`${ref} due ${PRICE}`] : [])
        expect(await countersOf(flashlane, productId)).toEqual({
          stockTotal: 1,
          held: isRivalServed ? 1 : 0,
          sold: isRivalServed ? 0 : 1,
        })
      }
    }
  },
)

describe('money that does not fit', () => {
  test.each([
    ['too little', { amount: PRICE - 1, currency: 'USD' }, PRICE - 1],
    ['too much', { amount: PRICE + 1 }, PRICE + 1],
    ['another currency', { amount: PRICE, currency: 'EUR' }, PRICE],
  ])(
    '%s: payment_mismatch, what was captured goes back, and the order can still be paid',
    async (_, money, captured) => {
      const { productId, orderId } = await buy(await aProduct(5))
      const wrong = `wrong ${orderId}`

      const answer = await tell({ order_id: orderId, payment_intent_id: wrong, ...money })
      const before = await orderOf(orderId)
      const right = await tell({
        order_id: orderId,
        payment_intent_id: `right ${orderId}`,
        amount: String(PRICE),
        currency: 'USD',
      })

      expect(answer).toMatchObject({
        status: 200,
        body: { result: 'payment_mismatch', order_id: orderId, order_status: 'pending' },
      })
      expect(before['status']).toBe('pending')
      expect(right.body).toMatchObject({ result: 'applied', order_status: 'paid' })
      expect(await refundsOf(orderId)).toEqual([`${wrong} due ${captured}`])
      expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
    },
  )

  test('a payment that belongs to an order of another product: neither order is touched', async () => {
    const [mine, theirs] = await Promise.all([aProduct(5), aProduct(5)])
    const { orderId } = await buy(mine)
    const holdId = await placeHold(flashlane, { product_id: theirs })
    const ref = `of ${holdId}`
    const other = await placeOrder(flashlane, { hold_id: holdId, payment_intent_id: ref })
    await tell({ payment_intent_id: ref })

    const answer = await tell({ order_id: orderId, payment_intent_id: ref })

    expect(answer.body).toMatchObject({ result: 'payment_mismatch', order_status: 'pending' })
    expect((await orderOf(other))['status']).toBe('paid')
    expect([...(await refundsOf(orderId)), ...(await refundsOf(other))]).toEqual([])
  })
})

test('a key that comes again with another body: the first is kept, the other has no effect', async () => {
  const productId = await aProduct(5)
  const [first, second] = await Promise.all([buy(productId), buy(productId)])
  const key = `evt ${++events}`

  const applied = await tell({ id: key, order_id: first.orderId })
  const reused = await Promise.all([
    tell({ id: key, order_id: second.orderId }),
    tell({ id: key, order_id: first.orderId, status: 'failed' }),
  ])
  const waiting = await tell({ id: `waits ${key}`, payment_intent_id: `a ${key}` })
  const reusedThere = await tell({ id: `waits ${key}`, payment_intent_id: `b ${key}` })

  expect([applied.body['result'], waiting.status]).toEqual(['applied', 202])
  for (const { status, body } of [...reused, reusedThere]) {
    expect({ status, result: body['result'] }).toEqual({ status: 200, result: 'key_reused' })
  }
  expect((await orderOf(first.orderId))['status']).toBe('paid')
  expect((await orderOf(second.orderId))['status']).toBe('pending')
  expect((await eventOf(`waits ${key}`))?.paymentRef).toBe(`a ${key}`)
})

describe('spellings', () => {
  test.each([
    ['paid', { status: 'success' }],
    ['paid', { status: 'SUCCESSFUL' }],
    ['paid', { status: 'succeeded' }],
    ['paid', { status: 'paid' }],
    ['paid', { status: 'completed' }],
    ['paid', { status: undefined, success: true }],
    ['paid', { status: undefined, event_type: 'success' }],
    ['paid', { status: 'requires_action', type: 'payment_intent.succeeded' }],
    ['cancelled', { status: 'failed' }],
    ['cancelled', { status: 'failure' }],
    ['cancelled', { status: 'cancelled' }],
    ['cancelled', { status: undefined, success: false }],
    ['cancelled', { status: undefined, event_type: 'failed' }],
    ['cancelled', { status: undefined, type: 'payment_intent.payment_failed' }],
    ['cancelled', { status: undefined, type: 'payment_intent.canceled' }],
  ])('of an order that is %s then: %j', async (after, words) => {
    const { orderId } = await buy(await aProduct(5))

    const answer = await tell({ order_id: orderId, ...words })

    expect(answer.body).toMatchObject({ result: 'applied', order_status: after })
  })

  test.each(['refunded', 'charge.refunded'])('of a payment that went back: %s', async (word) => {
    const { orderId } = await buy(await aProduct(5))
    await tell({ order_id: orderId })

    const answer = await tell({ order_id: orderId, status: word })

    expect(answer.body).toMatchObject({ result: 'applied', order_status: 'refunded' })
  })

  test('of an event’s key: in two headers and three fields it is one, an emoji too', async () => {
    const { orderId } = await buy(await aProduct(5))
    const key = `🛒 ${++events}`
    const bytes = inHeader(key)
    const send = (fields: object, headers = {}) =>
      post('/api/payments/webhook', { order_id: orderId, success: true, ...fields }, headers)

    const answers = [
      await send({}, { 'webhook-id': bytes }),
      await send({}, { 'idempotency-key': bytes }),
      await send({ id: 'another' }, { 'webhook-id': bytes }),
      await send({ idempotency_key: key }),
      await send({ webhook_key: key }),
      await send({ id: key }),
    ]

    // A key in the body makes it another body.
    expect(answers.map(({ body }) => body['result'])).toEqual([
      'applied',
      'duplicate',
      ...Array(4).fill('key_reused'),
    ])
    expect(await eventOf(key)).toMatchObject({ state: 'done', orderId })
  })

  test('of keys that look alike: they are different events, byte for byte', async () => {
    const { orderId } = await buy(await aProduct(5))
    const keys = ['Key-é', 'KEY-E', 'key-é ', 'key-é'].map((key) => `${orderId} ${key}`)

    const answers = []
    for (const id of keys) answers.push(await tell({ id, order_id: orderId }))

    expect(answers.map(({ body }) => body['result'])).toEqual([
      'applied',
      'ignored',
      'ignored',
      'ignored',
    ])
  })
})

test('whatever an event names, a provider is never told that it need not come again', async () => {
  const { productId, holdId, orderId } = await buy(await aProduct(5))
  const x = orderId.split('_')[2] ?? ''
  const references = [
    {},
    { order_id: 'x' },
    { order_id: null, hold_id: '' },
    { order_id: {}, hold_id: [], payment_intent_id: null },
    { order_id: orderId.replace(x, '0'.repeat(26)) },
    { hold_id: holdId.replace(/_[^_]*$/, `_${'0'.repeat(26)}`) },
    { order_id: `ord_${productId + 1}_${x}`, hold_id: holdId },
    { order_id: holdId, hold_id: orderId },
    { payment_intent_id: 'nobody’s' },
    { external_transaction_id: 5 },
  ]
  const statuses = [
    'success',
    'failed',
    'refunded',
    'pending',
    'constructor',
    '__proto__',
    '',
    5,
    null,
  ]

  const answers = await Promise.all(
    references.flatMap((reference) => statuses.map((status) => tell({ ...reference, status }))),
  )

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 202]))
  expect((await orderOf(orderId))['status']).toBe('pending')
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 1, sold: 0 })
})
