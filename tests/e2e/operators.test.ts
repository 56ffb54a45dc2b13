import { AUDIT_ENTRIES_MAX } from '@flashlane/api/openapi/audit.ts'
import { EXPIRY_GRACE_MS, formatId } from '@flashlane/core'
import { bury, deadLetter } from '@flashlane/db'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBatchId, aPlaceHold } from '../support/commands.ts'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import { countersOf, placeHold, placeOrder } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
const operator = { authorization: `Bearer ${ADMIN_TOKEN}` }

beforeAll(async () => {
  flashlane = await startFlashlane()
})
afterAll(() => flashlane.stop())

const pay = (body: object): Promise<Answer> => flashlane.api().post('/api/payments/webhook', body)
const ask = (path: string): Promise<Answer> => flashlane.api().get(`/api/admin/${path}`, operator)
const tell = (path: string, body: object = {}): Promise<Answer> =>
  flashlane.api().post(`/api/admin/${path}`, body, operator)
type Items = { items: readonly Record<string, unknown>[] }
const itemsOf = ({ body }: Answer) => (body as unknown as Items).items

test('an operator changes a product, and buyers see it with the next version', async () => {
  const productId = await flashlane.product({ stock: 5 })

  const changed = await flashlane
    .api()
    .patch(
      `/api/admin/products/${productId}`,
      { name: 'Winter lamp', price: 3_900, max_per_hold: 2, sale_ends_at: null },
      operator,
    )

  expect(changed).toMatchObject({ status: 200, body: { name: 'Winter lamp', price: 3_900 } })
  const shown = await flashlane.api().get(`/api/products/${productId}`)
  expect(shown.body).toEqual(changed.body)
  expect(await flashlane.api().post('/api/holds', { product_id: productId, qty: 3 })).toMatchObject(
    { status: 422, body: { code: 'validation', errors: [{ field: 'qty' }] } },
  )
})

test('a paused product says so, takes no holds, and takes them again when it is resumed', async () => {
  const productId = await flashlane.product({ stock: 5 })

  expect(await tell(`products/${productId}/pause`)).toMatchObject({
    status: 200,
    body: { sale_state: 'paused' },
  })
  expect(await flashlane.api().post('/api/holds', { product_id: productId, qty: 1 })).toMatchObject(
    { status: 409, body: { code: 'product_paused' } },
  )
  await tell(`products/${productId}/resume`)
  await placeHold(flashlane, { product_id: productId })
})

test('a late payment’s refund is listed, worked off in two steps, and closes its order', async () => {
  const productId = await flashlane.product({ stock: 1 })
  const hold_id = await placeHold(flashlane, { product_id: productId })
  const order_id = await placeOrder(flashlane, { hold_id })
  await flashlane.api().post(`/api/orders/${order_id}/cancel`, {})
  await placeHold(flashlane, { product_id: productId })
  await pay({ id: `late-${order_id}`, order_id, status: 'success' })

  const due = itemsOf(await ask('refunds?status=due&per_page=100'))
  const refund = due.find((each) => each['order_id'] === order_id)
  expect(refund).toMatchObject({ reason: 'late_payment', status: 'due', amount: 4_900 })

  const id = String(refund?.['refund_id'])
  expect((await tell(`refunds/${id}/sent`)).body).toMatchObject({ status: 'sent' })
  expect((await tell(`refunds/${id}/done`)).body).toMatchObject({ status: 'done' })
  expect((await flashlane.api().get(`/api/orders/${order_id}`)).body).toMatchObject({
    status: 'refunded',
    refund: { status: 'done' },
  })
})

test('a parked payment is listed with what it names', async () => {
  const productId = await flashlane.product({ stock: 1 })
  const hold_id = formatId('hold', productId, aBatchId())
  await pay({ id: `early-${hold_id}`, hold_id, status: 'success', amount: 4_900, currency: 'USD' })

  const parked = itemsOf(await ask('payments?state=parked&per_page=100'))

  expect(parked.find((each) => each['hold_id'] === hold_id)).toMatchObject({ state: 'parked' })
})

test('a dead letter is tried again as a new command, once', async () => {
  const productId = await flashlane.product({ stock: 1 })
  const batchId = aBatchId()
  const head = { batch_id: batchId, n: 0, product_id: productId, buried_at_ms: Date.now() }
  const letter = deadLetter(head, { error: new Error('a bug'), body: aPlaceHold(productId) })
  await bury(flashlane.database, [letter], [])
  expect(itemsOf(await ask('dead-letters?replayed=false&per_page=100'))).toContainEqual(
    expect.objectContaining({ id: `${batchId}.0`, reason: 'Error: a bug' }),
  )

  const replayed = await tell(`dead-letters/${batchId}.0/replay`)

  expect(replayed).toMatchObject({ status: 200, body: { outcome: { status: 'active' } } })
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 1 })
  expect(await tell(`dead-letters/${batchId}.0/replay`)).toMatchObject({
    status: 409,
    body: { code: 'already_replayed' },
  })
  expect(await tell('dead-letters/nobody.7/replay')).toMatchObject({ status: 404 })
})

test('another payment under a used key is seen, and paid out of its dead letter under a key of its own', async () => {
  const product_id = await flashlane.product({ stock: 2 })
  const [paid, unpaid] = await Promise.all(
    [1, 2].map(async () =>
      placeOrder(flashlane, { hold_id: await placeHold(flashlane, { product_id }) }),
    ),
  )
  const id = `reused-${product_id}`
  await pay({ id, order_id: paid, payment_intent_id: `pi_a_${product_id}`, status: 'success' })
  const other = { id, order_id: unpaid, payment_intent_id: `pi_b_${product_id}`, status: 'success' }
  expect((await pay(other)).body).toMatchObject({ result: 'key_reused' })
  const letters = itemsOf(await ask('dead-letters?replayed=false&per_page=100'))
  const letter = letters.find(
    (each) => each['product_id'] === product_id && String(each['reason']).includes('key_reused'),
  )

  const replayed = await tell(`dead-letters/${String(letter?.['id'])}/replay`)

  expect(replayed).toMatchObject({
    status: 200,
    body: { outcome: { result: 'applied', order_id: unpaid, order_status: 'paid' } },
  })
  const kept = itemsOf(await ask('dead-letters?replayed=true&per_page=100'))
  expect(kept.find((each) => each['id'] === letter?.['id'])).toMatchObject({
    replayed_as: replayed.body['command_id'],
  })
})

test('a sweep leaves nothing that is overdue', async () => {
  const productId = await flashlane.product({ stock: 1 })
  await placeHold(flashlane, { product_id: productId, ttl: 3 })
  await until(async () => (await tell('sweep')).body['overdue'] === 0, {
    withinMs: 3_000 + EXPIRY_GRACE_MS + 5_000,
    what: 'nothing is overdue',
  })
  await until(async () => (await countersOf(flashlane, productId)).held === 0, {
    withinMs: 3_000 + EXPIRY_GRACE_MS + 5_000,
    what: 'the hold comes back',
  })

  expect(await tell('sweep')).toMatchObject({ status: 200, body: { left: 0 } })
})

test('the lanes are listed with their products', async () => {
  const productId = await flashlane.product({ stock: 1 })
  await placeHold(flashlane, { product_id: productId })

  const lane = await until(
    async () => {
      for (let page = 1; page < 10; page++) {
        const items = itemsOf(await ask(`lanes?per_page=100&page=${page}`))
        const own = items.find((each) => each['product_id'] === productId)
        if (own) return own
      }
      return null
    },
    { withinMs: 5_000, what: 'the lane is listed' },
  )

  expect(lane).toMatchObject({ lane: `p${productId}`, batches_waiting: 0, last_seq: 2 })
})

test('the books of a product are right, until somebody changes them by hand', async () => {
  const productId = await flashlane.product({ stock: 3 })
  await placeHold(flashlane, { product_id: productId })
  const { db } = flashlane.database

  const right = await ask(`audit?product_id=${productId}`)
  await sql`update products set held = held + 1 where product_id = ${productId}`.execute(db)
  const wrong = await ask(`audit?product_id=${productId}`)
  await sql`update products set held = held - 1 where product_id = ${productId}`.execute(db)

  expect(right).toMatchObject({ status: 200, body: { ok: true, violations: [] } })
  expect(wrong).toMatchObject({ status: 200, body: { ok: false } })
  expect(wrong.body['violations']).toContainEqual(
    expect.objectContaining({ checker: 'C1', product_id: productId, seq: null }),
  )
  expect(await ask('audit?product_id=999999999999')).toMatchObject({
    status: 404,
    body: { code: 'product_not_found' },
  })
  expect(await ask('audit')).toMatchObject({ status: 422, body: { code: 'validation' } })
})

test('a journal that is too long is not audited while a client waits', async () => {
  const productId = await flashlane.product({ stock: 1 })
  const { db } = flashlane.database
  const numbers = Array.from({ length: AUDIT_ENTRIES_MAX }, (_, n) => 2 + n)
  const empty = numbers.map((seq) => ({
    product_id: productId,
    seq,
    batch_id: aBatchId(),
    applied_at_ms: 1,
    rules: 1,
    body: '[]',
  }))
  await db.insertInto('journal').values(empty).execute()

  const refused = await ask(`audit?product_id=${productId}`)
  await db.deleteFrom('journal').where('product_id', '=', productId).where('seq', '>', 1).execute()

  expect(refused).toMatchObject({
    status: 409,
    body: {
      code: 'journal_too_long',
      entries: AUDIT_ENTRIES_MAX + 1,
      maximum: AUDIT_ENTRIES_MAX,
    },
  })
})

test('no one gets in without the token', async () => {
  for (const path of ['refunds', 'dead-letters', 'payments', 'lanes', 'audit']) {
    expect((await flashlane.api().get(`/api/admin/${path}`)).status).toBe(401)
  }
})
