/** Corners in which others oversell, lose money or lose a client, over two apis and two workers. */
import {
  BATCH_AGE_MS_MAX,
  drawX,
  EXPIRY_GRACE_MS,
  formatId,
  queueName,
  WEBHOOK_BODY_BYTES_MAX,
} from '@flashlane/core'
import { Queue } from 'bullmq'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aPlaceHold } from '../support/commands.ts'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import {
  countersOf,
  distinct,
  isReplay,
  placeHold,
  placeOrder,
  untilTold,
  withKey,
} from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
const PAYMENT_DUE_S = 1
const ASYNC = { prefer: 'respond-async' }

beforeAll(async () => {
  const env = { PAYMENT_DUE_S: String(PAYMENT_DUE_S) }
  flashlane = await startFlashlane({ apis: 2, workers: 2, env })
})
afterAll(() => flashlane.stop())

const hold = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  flashlane.api().post('/api/holds', { qty: 1, ...body }, headers)
const pay = (body: object): Promise<Answer> => flashlane.api().post('/api/payments/webhook', body)
const stopWorkers = () => flashlane.workers.forEach((worker) => worker.send('SIGSTOP'))
const goOn = () => flashlane.workers.forEach((worker) => worker.send('SIGCONT'))

test('a client that is gone before its answer finds its hold again under its key', async () => {
  const product_id = await flashlane.product({ stock: 5 })
  const key = withKey('gone')
  stopWorkers()
  const leaving = new AbortController()
  const asked = fetch(`${flashlane.api().url}/api/holds`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...key },
    body: JSON.stringify({ product_id, qty: 2 }),
    signal: leaving.signal,
  })
  const connection = flashlane.redis.connect()
  const queue = new Queue(queueName(`p${product_id}`), { connection })
  await until(async () => (await queue.getWaitingCount()) === 1, {
    withinMs: 5_000,
    what: 'the hold is in its lane',
  })
  leaving.abort()
  await expect(asked).rejects.toThrow('abort')
  goOn()

  const again = await hold({ product_id, qty: 2 }, key)

  expect(again.status).toBe(201)
  expect(isReplay(again)).toBe(true)
  expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 2 })
  await queue.close()
  connection.disconnect()
})

test('a unit that comes back to what was sold out is found by a plain hold, at the api that had said no', async () => {
  const [saysNo, other] = flashlane.apis
  if (!saysNo || !other) throw new Error('two apis run')
  const product_id = await flashlane.product({ stock: 1 })
  const held = await placeHold(flashlane, { product_id })
  const ask = () => saysNo.post('/api/holds', { product_id, qty: 1 })
  const refused = await Promise.all(Array.from({ length: 50 }, ask))
  expect(new Set(refused.map(({ body }) => body['code']))).toEqual(new Set(['insufficient_stock']))
  const turnedAway = await ask()
  expect(turnedAway.body).toMatchObject({ available: 0, requested: 1 })

  await fetch(`${other.url}/api/holds/${held}`, { method: 'DELETE' })

  await until(async () => (await ask()).status === 201, {
    withinMs: 2_000,
    what: 'a plain hold is granted',
  })
})

test('what is sold out is decided by the lane for whoever sends a key, and remembered', async () => {
  const product_id = await flashlane.product({ stock: 0 })
  await hold({ product_id })

  const first = await hold({ product_id }, withKey('sold-out'))

  expect(first.body).toHaveProperty('command_id')
  expect(isReplay(await hold({ product_id }, withKey('sold-out')))).toBe(true)
})

describe('a success after the order has expired, and a rival for its unit', () => {
  async function anExpiredOrder() {
    const product_id = await flashlane.product({ stock: 1 })
    const hold_id = await placeHold(flashlane, { product_id, ttl: 3 })
    const order_id = await placeOrder(flashlane, { hold_id })
    await until(
      async () => {
        const { body } = await flashlane.api().get(`/api/orders/${order_id}`)
        return body['status'] === 'expired'
      },
      { withinMs: 3_000 + EXPIRY_GRACE_MS + 10_000, what: 'the order expires' },
    )
    return { product_id, order_id, event: { id: `late-${order_id}`, order_id, status: 'success' } }
  }
  const stands = async (order_id: string) =>
    (await flashlane.api().get(`/api/orders/${order_id}`)).body

  test('queued before it: the rival has the unit, the money goes back', async () => {
    const { product_id, order_id, event } = await anExpiredOrder()
    stopWorkers()
    const rival = await hold({ product_id }, { ...ASYNC, ...withKey('rival') })
    const paying = pay(event)
    goOn()
    await paying

    expect(rival.status).toBe(202)
    expect((await hold({ product_id }, withKey('rival'))).status).toBe(201)
    await until(async () => (await stands(order_id))['status'] === 'refund_due', {
      withinMs: 15_000,
      what: 'the money goes back',
    })
    expect(await countersOf(flashlane, product_id)).toEqual({ stockTotal: 1, held: 1, sold: 0 })
  })

  test('queued after it: the money has the unit, the rival is told that nothing is left', async () => {
    const { product_id, order_id, event } = await anExpiredOrder()

    expect((await pay(event)).body).toMatchObject({ result: 'late_retaken', order_status: 'paid' })

    expect(await hold({ product_id })).toMatchObject({ status: 409, body: { available: 0 } })
    expect(await stands(order_id)).toMatchObject({ status: 'paid', late_payment: true })
    expect(await countersOf(flashlane, product_id)).toEqual({ stockTotal: 1, held: 0, sold: 1 })
  })
})

describe('the same key 50 times at once', () => {
  const times = (send: (headers: Record<string, string>) => Promise<Answer>) =>
    Promise.all(Array.from({ length: 50 }, () => untilTold(() => send(withKey('fifty')))))

  test('on a release, a cancellation and a refund: done once, one answer each', async () => {
    const product_id = await flashlane.product({ stock: 2 })
    const released = await placeHold(flashlane, { product_id })
    const releases = await times((headers) =>
      flashlane.api().delete(`/api/holds/${released}`, headers),
    )
    const hold_id = await placeHold(flashlane, { product_id, qty: 2 })
    const order_id = await placeOrder(flashlane, { hold_id })
    const cancellations = await times((headers) =>
      flashlane.api().post(`/api/orders/${order_id}/cancel`, {}, headers),
    )
    await placeHold(flashlane, { product_id, qty: 2 })
    await pay({ id: `fifty-${order_id}`, order_id, status: 'success' })
    const refundId = `${order_id.replace('ord_', 'rfd_')}_0`
    const settlements = await times((headers) =>
      flashlane
        .api()
        .post(
          `/api/admin/refunds/${refundId}/done`,
          {},
          { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
        ),
    )

    const all = [releases, cancellations, settlements]
    expect(all.map((answers) => distinct(answers).length)).toEqual([1, 1, 1])
    expect(all.map((answers) => answers[0]?.status)).toEqual([200, 200, 200])
    expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 2 })
  })
})

test('a batch of the day before yesterday, in a Redis that was restored, has no effect and is seen by operators', async () => {
  const product_id = await flashlane.product({ stock: 5 })
  await placeHold(flashlane, { product_id })
  const connection = flashlane.redis.connect()
  const queue = new Queue(queueName(`p${product_id}`), { connection })
  const madeAtMs = Date.now() - BATCH_AGE_MS_MAX - 60_000
  const batchId = drawX(madeAtMs, randomBytes(10))
  const commands = [aPlaceHold(product_id, { acceptedAtMs: madeAtMs })]
  const batch = { format: 1, kind: 'commands', batchId, madeAtMs, replyTo: null, commands }

  await queue.add('batch', batch, { jobId: batchId, removeOnComplete: true, removeOnFail: true })

  const letters = await until(
    async () => {
      const { body } = await flashlane
        .api()
        .get('/api/admin/dead-letters?per_page=100', { authorization: `Bearer ${ADMIN_TOKEN}` })
      const items = body['items'] as { id: string; reason: string }[]
      const own = items.filter(({ id }) => id.startsWith(batchId))
      return own.length > 0 && own
    },
    { withinMs: 10_000, what: 'the batch is buried' },
  )
  expect(letters).toMatchObject([{ reason: 'too old' }])
  expect(await countersOf(flashlane, product_id)).toMatchObject({ held: 1 })
  await queue.close()
  connection.disconnect()
})

test('a hundred webhooks as large as may be, in one lane: all are heard, and the lane moves on', async () => {
  const product_id = await flashlane.product({ stock: 5 })
  const filler = 'x'.repeat(WEBHOOK_BODY_BYTES_MAX - 500)
  const events = Array.from({ length: 100 }, (_, n) => ({
    id: `large-${product_id}-${n}`,
    hold_id: formatId('hold', product_id, drawX(n, randomBytes(10))),
    status: 'success',
    filler,
  }))

  const answers = await Promise.all(events.map(pay))

  expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true)
  expect((await hold({ product_id })).status).toBe(201)
  await until(
    async () => {
      const { rows } = await countParked(product_id)
      return rows === events.length
    },
    { withinMs: 30_000, what: 'each event is parked' },
  )
})

async function countParked(productId: number): Promise<{ rows: number }> {
  const row = await flashlane.database.db
    .selectFrom('payment_events')
    .select((eb) => eb.fn.countAll<number>().as('rows'))
    .where('state', '=', 'parked')
    .where('hold_id', 'like', `hold_${productId}_%`)
    .executeTakeFirstOrThrow()
  return row
}
