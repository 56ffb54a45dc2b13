import { createLanes as createApiLanes } from '@flashlane/api/lanes.ts'
import { makeLaneStatus } from '@flashlane/api/lane-status.ts'
import { connectRedis as connectApi } from '@flashlane/api/redis.ts'
import { type CommandBatch, drawX, layout } from '@flashlane/core'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { findProduct, pacesOf, type Database } from '@flashlane/db'
import { draw } from '@flashlane/worker/draw.ts'
import { makeExpiryBatch } from '@flashlane/worker/expiry-jobs.ts'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { pino } from 'pino'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBatch, aPlaceHold, aProduct } from '../support/commands.ts'
import { createTestDatabase, required, type TestDatabase } from '../support/database.ts'
import { lanesOn } from '../support/lanes.ts'
import { until } from '../support/until.ts'

const log = pino({ level: 'silent' })
const perProduct = layout.parse('per-product')
let testDatabase: TestDatabase

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const productOf = async (database: Database, productId: number) => {
  const product = await findProduct(database, productId)
  if (!product) throw new Error('no such product')
  return product
}

test('a lane tells which worker has its batch in hand, what is next, and since when that waits', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 5 })
  const name = `p${productId}`
  const redis = connectRedis(required('REDIS_URL'), { onFault: () => {} })
  const asking = connectApi(required('REDIS_URL'), { name: 'status', onFault: () => {} })
  await until(() => asking.status === 'ready', { withinMs: 5_000, what: 'Redis' })
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const { lanes } = lanesOn(redis, { handle: () => mayEnd })
  lanes.open(name)
  const api = createApiLanes(asking, () => {})
  const madeAtMs = Date.now() - 9_000
  const batch = (commands: number, atMs: number): CommandBatch => ({
    format: 1,
    kind: 'commands',
    batchId: drawX(atMs, randomBytes(10)),
    madeAtMs: atMs,
    replyTo: null,
    commands: Array.from({ length: commands }, () => aPlaceHold(productId)),
  })
  const [inHand, next] = [batch(1, madeAtMs - 1_000), batch(3, madeAtMs)]
  await api.add(name, inHand)
  const laneStatus = makeLaneStatus({
    redis: asking,
    layout: perProduct,
    pacesOf: (ids) => pacesOf(database, ids),
    nowMs: () => madeAtMs + 4_000,
  })
  const product = await productOf(database, productId)
  const statusNow = async () => (await laneStatus([product]))[0]
  await until(async () => (await statusNow())?.active === 1, {
    withinMs: 5_000,
    what: 'a worker has the batch in hand',
  })
  await api.add(name, next)
  await api.add(name, batch(1, madeAtMs + 500))

  const status = await statusNow()

  end()
  await until(async () => (await statusNow())?.head === null, {
    withinMs: 10_000,
    what: 'the lane is empty',
  })
  await lanes.close()
  await redis.quit()
  asking.disconnect()
  expect(status).toMatchObject({
    name,
    active: 1,
    waiting: 2,
    depth: 4,
    oldestAgeMs: 4_000,
    head: inHand.batchId,
    owner: `${hostname()}:${process.pid}`,
  })
})

test('an expiry that came due waits since then, though its job is older', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 5 })
  const redis = connectApi(required('REDIS_URL'), { name: 'status', onFault: () => {} })
  await until(() => redis.status === 'ready', { withinMs: 5_000, what: 'Redis' })
  const dueMs = Date.now() + 60_000
  const expiry = makeExpiryBatch(draw, { cutoffMs: dueMs, madeAtMs: dueMs })
  const name = `p${productId}`
  await createApiLanes(redis, () => {}).add(name, { ...expiry, batchId: `exp_${name}_1` })
  const laneStatus = makeLaneStatus({
    redis,
    layout: perProduct,
    pacesOf: () => Promise.resolve(new Map()),
    nowMs: () => dueMs + 2_000,
  })

  const [status] = await laneStatus([await productOf(database, productId)])

  await redis.del(await redis.keys(`bull:{flashlane-${name}}:*`))
  redis.disconnect()
  expect(status).toMatchObject({ waiting: 1, depth: 1, oldestAgeMs: 2_000 })
})

test('a lane’s pace is that of its last ten batches, and falls while nothing comes', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 50 })
  const store = createStore(database, log)
  for (let n = 0; n < 11; n++) await applyBatch(store, aBatch([aPlaceHold(productId)]))
  const { appliedAtMs } = await productOf(database, productId)
  await sql`update journal set applied_at_ms = ${appliedAtMs - 20_000} where product_id = ${productId}`.execute(
    database.db,
  )

  const pace = (await pacesOf(database, [productId])).get(productId) ?? 0

  // Ten in the twenty seconds before the last one, and what this test took since.
  expect(pace).toBeGreaterThan(10 / 40)
  expect(pace).toBeLessThanOrEqual(10 / 20)
})
