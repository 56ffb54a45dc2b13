/** What a shop may decide of its sale, over two apis and two workers. */
import { EXPIRY_GRACE_MS } from '@flashlane/core'
import { readClockMs } from '@flashlane/db'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import { countersOf, distinct, placeHold, placeOrder, untilTold, withKey } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
const operator = { authorization: `Bearer ${ADMIN_TOKEN}` }
const PAYMENT_DUE_S = 4

beforeAll(async () => {
  const env = { PAYMENT_DUE_S: String(PAYMENT_DUE_S), PARKED_TTL_S: '3' }
  flashlane = await startFlashlane({ apis: 2, workers: 2, env })
})
afterAll(() => flashlane.stop())

const hold = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  flashlane.api().post('/api/holds', { qty: 1, ...body }, headers)
const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status)
const iso = (ms: number): string => new Date(ms).toISOString()
const clockMs = (): Promise<number> => readClockMs(flashlane.database)

test('before the sale begins a hold is refused with its beginning, and granted from then on', async () => {
  const startsAt = iso((await clockMs()) + 3_000)
  const product_id = await flashlane.product({ stock: 5, sale_starts_at: startsAt })

  expect(await hold({ product_id })).toMatchObject({
    status: 409,
    body: { code: 'sale_not_started', starts_at: startsAt },
  })
  expect((await flashlane.api().get(`/api/products/${product_id}`)).body).toMatchObject({
    sale_state: 'scheduled',
    sale_starts_at: startsAt,
  })
  await until(async () => (await hold({ product_id })).status === 201, {
    withinMs: 6_000,
    what: 'the sale begins',
  })
  expect(await clockMs()).toBeGreaterThanOrEqual(Date.parse(startsAt))
})

test('after the sale has ended a hold is refused with its end, and a running hold is ordered and paid', async () => {
  const product_id = await flashlane.product({ stock: 5 })
  const hold_id = await placeHold(flashlane, { product_id })
  const endsAt = iso((await clockMs()) - 1)
  await flashlane
    .api()
    .patch(`/api/admin/products/${product_id}`, { sale_ends_at: endsAt }, operator)

  expect(await hold({ product_id })).toMatchObject({
    status: 409,
    body: { code: 'sale_ended', ends_at: endsAt },
  })
  const order_id = await placeOrder(flashlane, { hold_id })
  const paid = { id: `end-${order_id}`, order_id, status: 'success' }
  expect((await flashlane.api().post('/api/payments/webhook', paid)).body).toMatchObject({
    order_status: 'paid',
  })
})

test('a price that changes after the hold is not the order’s', async () => {
  const product_id = await flashlane.product({ stock: 5, price: 4_900 })
  const hold_id = await placeHold(flashlane, { product_id, qty: 2 })
  await flashlane.api().patch(`/api/admin/products/${product_id}`, { price: 9_900 }, operator)

  const { body } = await flashlane.api().post('/api/orders', { hold_id })

  expect(body).toMatchObject({ amount: 9_800 })
})

test('a sale that would end before it begins: 422 where it is made, 409 where it is changed', async () => {
  const window = { sale_starts_at: iso(2_000_000_000_000), sale_ends_at: iso(2_000_000_000_000) }
  const made = { name: 'x', price: 1, stock_total: 1, ...window }
  expect(await flashlane.api().post('/api/admin/products', made, operator)).toMatchObject({
    status: 422,
    body: { errors: [{ field: 'sale_ends_at' }] },
  })
  const product_id = await flashlane.product({ stock: 1 })
  expect(
    await flashlane.api().patch(`/api/admin/products/${product_id}`, window, operator),
  ).toMatchObject({ status: 409, body: { code: 'sale_window_empty' } })
})

describe('a limit for each customer', () => {
  test('holds under 200 requests of one customer at once', async () => {
    const product_id = await flashlane.product({ stock: 500, max_per_customer: 7 })

    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        untilTold(() => hold({ product_id, customer_ref: 'ann', idempotency_key: `ann ${n}` })),
      ),
    )

    expect(statusesOf(answers).filter((status) => status === 201)).toHaveLength(7)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map(({ body }) => body['code']))).toEqual(new Set(['customer_limit']))
    expect(refused.at(-1)?.body).toMatchObject({ limit: 7 })
    expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 7 })
  })

  test('counts orders and paid orders, and no more what was cancelled', async () => {
    const product_id = await flashlane.product({ stock: 10, max_per_customer: 2 })
    const buyer = { product_id, customer_ref: 'ann' }
    const paid = await placeOrder(flashlane, { hold_id: await placeHold(flashlane, buyer) })
    await flashlane
      .api()
      .post('/api/payments/webhook', { id: `limit-${paid}`, order_id: paid, status: 'success' })
    const pending = await placeOrder(flashlane, { hold_id: await placeHold(flashlane, buyer) })

    expect(await hold(buyer)).toMatchObject({ status: 409, body: { limit: 2, used: 2 } })
    await flashlane.api().post(`/api/orders/${pending}/cancel`, {})
    expect((await hold(buyer)).status).toBe(201)
  })

  test('wants a name: 422 naming customer_ref, and nothing is held', async () => {
    const product_id = await flashlane.product({ stock: 10, max_per_customer: 2 })

    expect(await hold({ product_id })).toMatchObject({
      status: 422,
      body: { code: 'validation', errors: [{ field: 'customer_ref' }] },
    })
    expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 0 })
  })
})

describe('a hold', () => {
  test('that may be partial gets what is left and is told both numbers', async () => {
    const product_id = await flashlane.product({ stock: 3 })

    expect(await hold({ product_id, qty: 5, allow_partial: true })).toMatchObject({
      status: 201,
      body: { qty: 3, requested_qty: 5 },
    })
    expect(await hold({ product_id, qty: 5, allow_partial: true })).toMatchObject({
      status: 409,
      body: { code: 'insufficient_stock', available: 0, requested: 5 },
    })
  })

  test('that replaces the customer’s others leaves them if it is refused', async () => {
    const product_id = await flashlane.product({ stock: 4 })
    const buyer = { product_id, customer_ref: 'ann', replace_existing: true }
    const old = await placeHold(flashlane, { product_id, qty: 3, customer_ref: 'ann' })
    const others = await placeHold(flashlane, { product_id, qty: 1, customer_ref: 'bob' })

    expect(await hold({ ...buyer, qty: 4 })).toMatchObject({ status: 409, body: { available: 0 } })
    expect((await flashlane.api().get(`/api/holds/${old}`)).body).toMatchObject({
      status: 'active',
    })
    expect((await hold({ ...buyer, qty: 2 })).status).toBe(201)
    expect((await flashlane.api().get(`/api/holds/${old}`)).body).toMatchObject({
      status: 'released',
    })
    expect((await flashlane.api().get(`/api/holds/${others}`)).body).toMatchObject({
      status: 'active',
    })
    expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 3 })
  })

  test('replaced by 30 requests of one customer at once is one hold in the end', async () => {
    const product_id = await flashlane.product({ stock: 2 })
    const buyer = { product_id, customer_ref: 'ann', replace_existing: true }

    const answers = await Promise.all(Array.from({ length: 30 }, () => hold({ ...buyer, qty: 2 })))

    expect(new Set(statusesOf(answers))).toEqual(new Set([201]))
    expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 2 })
  })

  test('that replaces nobody’s: 422 naming customer_ref', async () => {
    const product_id = await flashlane.product({ stock: 2 })

    expect(await hold({ product_id, replace_existing: true })).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'customer_ref' }] },
    })
  })

  test('that is extended ends later, twice at most, and is not released at its first deadline', async () => {
    const product_id = await flashlane.product({ stock: 1 })
    const placed = await hold({ product_id, ttl: 3 })
    const path = `/api/holds/${String(placed.body['hold_id'])}`

    const extended = await flashlane.api().post(`${path}/extend`, { seconds: 9 })
    expect(extended).toMatchObject({
      status: 200,
      body: { status: 'active', expires_in_seconds: 9 },
    })
    const firstEndMs = Date.parse(String(placed.body['expires_at']))
    await until(async () => (await clockMs()) > firstEndMs + EXPIRY_GRACE_MS + 1_000, {
      withinMs: 10_000,
      what: 'the first deadline and its grace pass',
    })
    expect((await flashlane.api().get(path)).body).toMatchObject({ status: 'active' })
    expect((await flashlane.api().post(`${path}/extend`, { seconds: 3 })).status).toBe(200)
    expect(await flashlane.api().post(`${path}/extend`, { seconds: 3 })).toMatchObject({
      status: 409,
      body: { code: 'extend_limit', limit: 2 },
    })
    await until(async () => (await countersOf(flashlane, product_id)).held === 0, {
      withinMs: 15_000,
      what: 'it comes back after its last deadline',
    })
    expect(await flashlane.api().post(`${path}/extend`, { seconds: 3 })).toMatchObject({
      status: 409,
      body: { code: 'hold_expired' },
    })
  })
})

test('a cash order is confirmed at once, sold, without a deadline; its cancellation sells it back', async () => {
  const product_id = await flashlane.product({ stock: 2 })
  const hold_id = await placeHold(flashlane, { product_id })

  const placed = await flashlane
    .api()
    .post('/api/orders', { hold_id, payment_status: 'cash_on_delivery' })

  expect(placed).toMatchObject({ status: 201, body: { status: 'confirmed', payment_due_at: null } })
  expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 0, sold: 1 })
  const cancel = `/api/orders/${String(placed.body['order_id'])}/cancel`
  expect((await flashlane.api().post(cancel, {})).body).toMatchObject({ status: 'cancelled' })
  expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 0, sold: 0 })
})

test('an abandoned order’s units come back at payment_due_at, and not before', async () => {
  const product_id = await flashlane.product({ stock: 1 })
  const hold_id = await placeHold(flashlane, { product_id, ttl: 3 })
  const { body } = await flashlane.api().post('/api/orders', { hold_id })
  const dueMs = Date.parse(String(body['payment_due_at']))

  let lastHeldMs = 0
  await until(
    async () => {
      const askedMs = await clockMs()
      if ((await countersOf(flashlane, product_id)).held === 0) return true
      lastHeldMs = askedMs
      return false
    },
    { withinMs: PAYMENT_DUE_S * 1_000 + EXPIRY_GRACE_MS + 8_000, what: 'the units come back' },
  )

  expect(lastHeldMs).toBeGreaterThanOrEqual(dueMs)
  expect((await hold({ product_id })).status).toBe(201)
})

test('money whose order never comes is an orphan with a refund due, once its time is over', async () => {
  const product_id = await flashlane.product({ stock: 1 })
  const hold_id = await placeHold(flashlane, { product_id })
  const payment_intent_id = `pi_orphan_${product_id}`
  const event = { id: `orphan-${hold_id}`, hold_id, payment_intent_id, status: 'success' }
  const told = { ...event, amount: 4_900, currency: 'USD' }
  expect((await flashlane.api().post('/api/payments/webhook', told)).status).toBe(200)

  const refund = await until(
    async () => {
      const { body } = await flashlane
        .api()
        .get('/api/admin/refunds?status=due&per_page=100', operator)
      const items = body['items'] as Record<string, unknown>[]
      return items.find((each) => each['payment_ref'] === payment_intent_id)
    },
    { withinMs: 15_000, what: 'the orphan’s refund is due' },
  )

  expect(refund).toMatchObject({ reason: 'orphan_payment', amount: 4_900, order_id: null })
  const settle = `/api/admin/refunds/${String(refund['refund_id'])}/done`
  expect((await flashlane.api().post(settle, {}, operator)).body).toMatchObject({ status: 'done' })
})

describe('the same key 50 times at once', () => {
  const times = (send: (headers: Record<string, string>) => Promise<Answer>, key: string) =>
    Promise.all(Array.from({ length: 50 }, () => untilTold(() => send(withKey(key)))))

  test('on an extension: extended once', async () => {
    const product_id = await flashlane.product({ stock: 1 })
    const path = `/api/holds/${await placeHold(flashlane, { product_id })}/extend`

    const answers = await times(
      (headers) => flashlane.api().post(path, { seconds: 200 }, headers),
      'extend',
    )

    expect(distinct(answers)).toHaveLength(1)
    expect(answers[0]?.status).toBe(200)
    expect((await flashlane.api().post(path, { seconds: 200 })).status).toBe(200)
    expect((await flashlane.api().post(path, { seconds: 200 })).status).toBe(409)
  })

  test('on a change of price, a pause and a resumption: one answer each', async () => {
    const product_id = await flashlane.product({ stock: 1 })
    const path = `/api/admin/products/${product_id}`
    const changes = await times(
      (headers) => flashlane.api().patch(path, { price: 7 }, { ...operator, ...headers }),
      'price',
    )
    const pauses = await times(
      (headers) => flashlane.api().post(`${path}/pause`, {}, { ...operator, ...headers }),
      'pause',
    )
    const resumptions = await times(
      (headers) => flashlane.api().post(`${path}/resume`, {}, { ...operator, ...headers }),
      'resume',
    )

    expect(
      [distinct(changes), distinct(pauses), distinct(resumptions)].map((each) => each.length),
    ).toEqual([1, 1, 1])
    expect(new Set(statusesOf([...changes, ...pauses, ...resumptions]))).toEqual(new Set([200]))
    expect((await flashlane.api().get(`/api/products/${product_id}`)).body).toMatchObject({
      price: 7,
      sale_state: 'open',
    })
  })
})

test('products are found by a part of their name, and by what they have left', async () => {
  const name = `Lamp 100%_${Math.random()}`
  const sold = await flashlane.product({ stock: 0, name })
  const left = await flashlane.product({ stock: 1, name })
  const idsOf = async (query: string) => {
    const { body } = await flashlane.api().get(`/api/products?${query}`)
    return (body['items'] as { id: number }[]).map(({ id }) => id)
  }
  const search = `search=${encodeURIComponent(name.slice(2).toLowerCase())}`

  expect(await idsOf(search)).toEqual([sold, left])
  expect(await idsOf(`${search}&available_only=1`)).toEqual([left])
  expect(await idsOf(`search=${encodeURIComponent('%')}&per_page=100`)).toContain(left)
  expect(await idsOf('search=no+such+lamp')).toEqual([])
})
