import { findHold, findOrder, readClockMs } from '@flashlane/db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
const PAYMENT_DUE_S = 4
const TTL_S = 4
const NOW = { prefer: 'respond-async' }
/** Requests take a moment, and clocks are read: this far from the deadline there is no doubt on which side one is. */
const CLEAR_MS = 400
const BEHIND_MS = 3_500

beforeAll(async () => {
  const env = { PAYMENT_DUE_S: String(PAYMENT_DUE_S), HOLD_TTL_S: String(TTL_S) }
  flashlane = await startFlashlane({ apis: 2, workers: 1, env })
})
afterAll(() => flashlane.stop())

const clockReaches = (atMs: number) =>
  until(async () => (await readClockMs(flashlane.database)) >= atMs, {
    withinMs: 20_000,
    what: 'the clock gets there',
  })
const place = (path: string, body: unknown) =>
  Array.from({ length: 10 }, () => flashlane.api().post(path, body))
const outcomeOf = (answer: Answer) =>
  until(
    async () => {
      const { body } = await flashlane
        .api()
        .get(`/api/commands/${String(answer.body['command_id'])}`)
      return body['status'] === 'applied' && body
    },
    { withinMs: 20_000, what: 'the command is applied' },
  )

test('orders accepted before their holds’ deadline are honoured, later ones are not, though the lane is seconds behind', async () => {
  const productId = await flashlane.product({ stock: 20 })
  const placed = await Promise.all(place('/api/holds', { product_id: productId, qty: 2 }))
  const ids = placed.map(({ body }) => String(body['hold_id']))
  const holds = await Promise.all(ids.map((id) => findHold(flashlane.database, id)))
  const deadlines = holds.map((hold) => hold?.expiresAtMs ?? 0)
  const worker = flashlane.workers[0]

  await clockReaches(Math.min(...deadlines) - 2 * CLEAR_MS)
  worker?.send('SIGSTOP')
  const timely = await Promise.all(
    ids.slice(0, 5).map((hold_id) => flashlane.api().post('/api/orders', { hold_id }, NOW)),
  )
  const rivals = { product_id: productId, qty: 10 }
  const early = await flashlane.api().post('/api/holds', rivals, NOW)
  const sentAtMs = await readClockMs(flashlane.database)
  await clockReaches(Math.max(...deadlines) + CLEAR_MS)
  const late = await Promise.all(
    ids.slice(5).map((hold_id) => flashlane.api().post('/api/orders', { hold_id }, NOW)),
  )
  await clockReaches(Math.max(...deadlines) + BEHIND_MS)
  const rival = await flashlane.api().post('/api/holds', rivals, NOW)
  worker?.send('SIGCONT')
  const [timelyOutcomes, lateOutcomes] = await Promise.all([
    Promise.all(timely.map(outcomeOf)),
    Promise.all(late.map(outcomeOf)),
  ])

  expect(sentAtMs).toBeLessThan(Math.min(...deadlines))
  expect(timelyOutcomes.map(({ http_status: status }) => status)).toEqual([201, 201, 201, 201, 201])
  expect(lateOutcomes.map(({ http_status: status }) => status)).toEqual([410, 410, 410, 410, 410])
  expect((await outcomeOf(early))['http_status']).toBe(409)
  expect((await outcomeOf(rival))['http_status']).toBe(201)
})

test('payments accepted before an order’s deadline are honoured, though the lane is seconds behind', async () => {
  const productId = await flashlane.product({ stock: 10 })
  const holds = await Promise.all(place('/api/holds', { product_id: productId, qty: 1 }))
  const orders = await Promise.all(
    holds.map(({ body }) => flashlane.api().post('/api/orders', { hold_id: body['hold_id'] })),
  )
  const ids = orders.map(({ body }) => String(body['order_id']))
  const found = await Promise.all(ids.map((id) => findOrder(flashlane.database, id)))
  const deadlines = found.map((each) => each?.order.paymentDueAtMs ?? 0)
  const worker = flashlane.workers[0]

  await clockReaches(Math.min(...deadlines) - 2 * CLEAR_MS)
  worker?.send('SIGSTOP')
  const sent = Promise.all(
    ids.map((order_id, n) =>
      flashlane.api().post('/api/payments/webhook', {
        idempotency_key: `timely-${n}`,
        order_id,
        status: 'success',
      }),
    ),
  )
  await clockReaches(Math.max(...deadlines) + BEHIND_MS)
  worker?.send('SIGCONT')

  expect((await sent).map(({ status }) => status)).not.toContain(503)
  await until(
    async () => {
      const { body } = await flashlane.api().get(`/api/products/${productId}`)
      return body['sold'] === 10 && body['held'] === 0
    },
    { withinMs: 20_000, what: 'all ten are paid' },
  )
  const ended = await Promise.all(ids.map((id) => findOrder(flashlane.database, id)))
  expect(new Set(ended.map((each) => each?.order.status))).toEqual(new Set(['paid']))
  expect(ended.every((each) => each?.order.latePayment === false)).toBe(true)
})
