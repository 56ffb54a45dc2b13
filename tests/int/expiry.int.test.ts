import { type Command, EXPIRY_GRACE_MS, laneOf, queueName } from '@flashlane/core'
import { findHold, findOrder, findProduct, readClockMs } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  aBatch,
  aBatchId,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
} from '../support/commands.ts'
import { createTestDatabase, required, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { createTestWorker } from '../support/worker.ts'

let testDatabase: TestDatabase
const perProduct = { kind: 'per-product' } as const

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const SHORT_TTL_MS = 500
/** A deadline is rounded up to its second, and the grace comes on top. */
const BACK_MS_MAX = SHORT_TTL_MS + 1_000 + EXPIRY_GRACE_MS + 2_000

const applyNow = async (...commands: Command[]) => {
  const store = createStore(testDatabase.database, pino({ level: 'silent' }))
  return (await applyBatch(store, aBatch(commands))).outcomes
}
const batchOf = (...commands: Command[]) => ({
  format: 1 as const,
  kind: 'commands' as const,
  batchId: aBatchId(),
  madeAtMs: Date.now(),
  replyTo: null,
  commands,
})
const heldOf = async (productId: number) =>
  (await findProduct(testDatabase.database, productId))?.held
const nothingHeld = (productId: number) =>
  until(async () => (await heldOf(productId)) === 0, {
    withinMs: BACK_MS_MAX,
    what: 'the units come back',
  })
const clockPasses = (atMs: number) =>
  until(async () => (await readClockMs(testDatabase.database)) > atMs, {
    withinMs: BACK_MS_MAX,
    what: 'the clock passes the deadline and its grace',
  })
const oneByOne = async (commands: readonly Command[]) => {
  for (const command of commands) await applyNow(command)
}

test('a hold that is not ordered comes back by the delayed job alone, and not before its deadline', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 2 })
  const hold = aPlaceHold(productId, { quantity: 2, ttlMs: SHORT_TTL_MS })
  const worker = createTestWorker(database)
  const lane = worker.lanes.open(laneOf(productId, perProduct))
  const batch = batchOf(hold)

  await lane.add({ id: batch.batchId, batch })
  await until(() => findHold(database, hold.holdId), {
    withinMs: 5_000,
    what: 'the hold is placed',
  })
  await nothingHeld(productId)
  await worker.close()

  const expired = await findHold(database, hold.holdId)
  expect(expired?.status).toBe('expired')
  expect(expired?.endedAtMs).toBeGreaterThanOrEqual((expired?.expiresAtMs ?? 0) + EXPIRY_GRACE_MS)
})

test('with the delayed jobs deleted, the sweeper brings the units back', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 2 })
  const hold = aPlaceHold(productId, { quantity: 2, ttlMs: SHORT_TTL_MS })
  const worker = createTestWorker(database)
  const name = laneOf(productId, perProduct)
  const batch = batchOf(hold)
  const redis = new Redis(required('REDIS_URL'), { maxRetriesPerRequest: null })
  const queue = new Queue(queueName(name), { connection: redis })

  await worker.lanes.open(name).add({ id: batch.batchId, batch })
  await until(async () => (await queue.getDelayedCount()) === 1, {
    withinMs: 5_000,
    what: 'the delayed job is there',
  })
  const deleted = await queue.clean(0, 0, 'delayed')
  worker.sweeper.start()
  await nothingHeld(productId)
  await worker.close()
  await queue.close()
  redis.disconnect()

  expect(deleted).toHaveLength(1)
  expect((await findHold(database, hold.holdId))?.status).toBe('expired')
})

test('the next buyer frees what is due: the oldest first, and only as many as he needs', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 3 })
  const holds = [1, 2, 3].map((ttlMs) => aPlaceHold(productId, { ttlMs }))
  await oneByOne(holds)
  const last = await findHold(database, holds[2]?.holdId ?? '')
  const dueAtMs = (last?.expiresAtMs ?? 0) + EXPIRY_GRACE_MS
  await clockPasses(dueAtMs)

  const outcomes = await applyNow(aPlaceHold(productId, { quantity: 2 }))

  expect(outcomes).toMatchObject([{ outcome: 'accepted' }])
  const statuses = await Promise.all(
    holds.map(async ({ holdId }) => (await findHold(database, holdId))?.status),
  )
  expect(statuses).toEqual(['expired', 'expired', 'active'])
})

test('a buyer accepted before a hold is due frees nothing, however late he is served', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1 })
  const hold = aPlaceHold(productId, { ttlMs: 1 })
  await applyNow(hold)
  const expiresAtMs = (await findHold(database, hold.holdId))?.expiresAtMs ?? 0
  await clockPasses(expiresAtMs + EXPIRY_GRACE_MS)

  const early = aPlaceHold(productId, { acceptedAtMs: expiresAtMs + EXPIRY_GRACE_MS - 1 })
  const outcomes = await applyNow(early, aPlaceHold(productId))

  expect(outcomes).toMatchObject([
    { outcome: 'refused', reason: 'insufficient_stock' },
    { outcome: 'accepted' },
  ])
})

test('a pending order keeps its units until its own deadline, and only until then', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1 })
  const hold = aPlaceHold(productId, { ttlMs: 100 })
  const order = aPlaceOrder(hold, { paymentDueMs: 2_500 })
  const worker = createTestWorker(database)
  const batch = batchOf(hold, order)

  worker.sweeper.start()
  await worker.lanes.open(laneOf(productId, perProduct)).add({ id: batch.batchId, batch })
  await until(() => findOrder(database, order.orderId), {
    withinMs: 5_000,
    what: 'the order is placed',
  })
  await until(async () => (await heldOf(productId)) === 0, { withinMs: 10_000, what: 'it expires' })
  await worker.close()

  const ended = (await findOrder(database, order.orderId))?.order
  expect(ended?.status).toBe('expired')
  expect(ended?.endedAtMs).toBeGreaterThanOrEqual((ended?.paymentDueAtMs ?? 0) + EXPIRY_GRACE_MS)
})

test('a payment that waits for a pending order is heard before the order expires', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1 })
  const hold = aPlaceHold(productId, { ttlMs: 1 })
  const order = aPlaceOrder(hold, { paymentDueMs: 1, paymentRef: `pi_${aBatchId()}` })
  await applyNow(hold, order)
  const payment = aPayment(productId, { paymentRef: order.paymentRef })
  await sql`
    insert into payment_events (provider, event_key, state, kind, reference, payment_ref, release_on_failure,
      restock_on_refund, body_hash, payload, accepted_at_ms, next_try_at_ms, tries)
    values ('generic', ${payment.eventKey}, 'waiting', 'succeeded', ${payment.paymentRef}, ${payment.paymentRef}, 1,
      0, ${Buffer.from(payment.bodyHash, 'hex')}, '{}', ${Date.now()}, ${Date.now() + 3_600_000}, 0)
  `.execute(database.db)
  const worker = createTestWorker(database)
  worker.sweeper.start()

  const ended = await until(
    async () => {
      const found = await findOrder(database, order.orderId)
      return found?.order.status !== 'pending' && found?.order
    },
    { withinMs: 10_000, what: 'the order ends' },
  )
  await worker.close()

  expect(ended).toMatchObject({ status: 'paid' })
  expect(await findProduct(database, productId)).toMatchObject({ held: 0, sold: 1 })
})

test('1,500 holds due in one second expire in passes, and a buyer between them is served', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1_500 })
  for (let n = 0; n < 6; n++) {
    await applyNow(...Array.from({ length: 250 }, () => aPlaceHold(productId, { ttlMs: 1 })))
  }
  await clockPasses((await readClockMs(database)) + EXPIRY_GRACE_MS)
  const worker = createTestWorker(database)
  const batch = batchOf(aPlaceHold(productId, { quantity: 100 }))

  worker.sweeper.start()
  await worker.lanes.open(laneOf(productId, perProduct)).add({ id: batch.batchId, batch })
  await until(async () => (await heldOf(productId)) === 100, {
    withinMs: 10_000,
    what: 'all but the buyer’s come back',
  })
  await worker.close()

  const { rows } = await sql<{ n: number }>`
    select count(*) as n from holds where product_id = ${productId} and status = 'expired'
  `.execute(database.db)
  expect(rows[0]?.n).toBe(1_500)
})

test('a hold that the database refuses to expire keeps none of the others from it, and rests after one dead letter of its own', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 20 })
  const holds = Array.from({ length: 10 }, () => aPlaceHold(productId, { ttlMs: 1 }))
  const stuck = holds[0]?.holdId ?? ''
  await applyNow(...holds)
  await sql`
    alter table holds add constraint stuck check (hold_id <> ${sql.lit(stuck)} or status = 'active')
  `.execute(database.db)
  const worker = createTestWorker(database)
  const letters = async () => {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from dead_letters where product_id = ${productId}
    `.execute(database.db)
    return Number(rows[0]?.n)
  }

  worker.sweeper.start()
  await until(async () => (await heldOf(productId)) === 1, {
    withinMs: 10_000,
    what: 'the nine others come back',
  })
  const soon = (await readClockMs(database)) + 2_500
  await clockPasses(soon)
  await worker.close()
  await sql`alter table holds drop constraint stuck`.execute(database.db)

  expect(await letters()).toBe(2)
  expect((await findHold(database, stuck))?.status).toBe('active')
})
