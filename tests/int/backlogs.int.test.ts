import { createLanes } from '@flashlane/api/lanes.ts'
import { connectRedis } from '@flashlane/api/redis.ts'
import { type CommandBatch, drawX, EXPIRY_GRACE_MS, type PlaceHold } from '@flashlane/core'
import {
  backlogQuery,
  bury,
  claimReplay,
  type Database,
  deadLetter,
  insertWaitingEvent,
  readBacklogs,
  readClockMs,
} from '@flashlane/db'
import { draw } from '@flashlane/worker/draw.ts'
import { makeExpiryBatch } from '@flashlane/worker/expiry-jobs.ts'
import { readLaneBacklogs } from '@flashlane/worker/lane-backlogs.ts'
import { randomBytes } from 'node:crypto'
import type { RedisClient } from '@flashlane/redis'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBatchId, aPlaceHold, aProduct, aPayment } from '../support/commands.ts'
import { createTestDatabase, required, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

let testDatabase: TestDatabase

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

test('overdue holds, payments without an order, refunds due and dead letters are counted, each since when', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 5 })
  const atMs = await readClockMs(database)
  const hold = aPlaceHold(productId)
  await sql`insert into holds (hold_id, product_id, status, quantity, requested_qty, unit_price, currency, created_at_ms,
      expires_at_ms, ttl_ms, born_expires_at_ms, born_version)
    values (${hold.holdId}, ${productId}, 'active', 1, 1, 4900, 'USD', ${atMs}, ${atMs - EXPIRY_GRACE_MS - 7_000}, 1, 1, 1)`.execute(
    database.db,
  )
  await insertWaitingEvent(database, aPayment(productId, { acceptedAtMs: atMs - 60_000 }), atMs)
  const head = { batch_id: aBatchId(), product_id: productId, buried_at_ms: atMs - 30_000 }
  const letters = [0, 1].map((n) => deadLetter({ ...head, n }, { error: 'a bug', body: hold }))
  await bury(database, letters, [])
  await claimReplay(database, `${head.batch_id}.1`, { commandId: hold.commandId, nowMs: atMs })

  const backlogs = await readBacklogs(database)

  const found = Object.fromEntries(backlogs.map((each) => [each.what, each]))
  expect(Object.values(found).map(({ what, count }) => [what, count])).toEqual([
    ['overdue_holds', 1],
    ['overdue_orders', 0],
    ['waiting_payments', 1],
    ['parked_payments', 0],
    ['refunds_due', 0],
    ['dead_letters', 1],
  ])
  const ages = (['overdue_holds', 'waiting_payments', 'dead_letters'] as const).map(
    (what) => found[what]?.oldestAgeMs ?? 0,
  )
  for (const [n, leastMs] of [7_000 + EXPIRY_GRACE_MS, 60_000, 30_000].entries()) {
    expect(ages[n]).toBeGreaterThanOrEqual(leastMs)
    expect(ages[n]).toBeLessThan(leastMs + 20_000)
  }
  expect(found['refunds_due']?.oldestAgeMs).toBe(0)
})

test('what waits is counted by an index alone, however large the tables are', async () => {
  const plan = await explainBacklogs(testDatabase.database)

  expect(
    plan.filter(({ table }) => TABLES.has(table)).map(({ table, key }) => [table, key]),
  ).toEqual(
    expect.arrayContaining([
      ['holds', 'holds_due'],
      ['orders', 'orders_due'],
      ['payment_events', 'payment_events_next'],
      ['refunds', 'refunds_status'],
      ['dead_letters', 'dead_letters_buried'],
    ]),
  )
  expect(plan.filter(({ table, key }) => TABLES.has(table) && key === null)).toEqual([])
})

test('a lane tells how much waits in it and for how long, an expiry since it is due', async () => {
  const redis = connectRedis(required('REDIS_URL'), { name: 'backlogs', onFault: () => {} })
  await until(() => redis.status === 'ready', { withinMs: 5_000, what: 'Redis' })
  const lanes = createLanes(redis, () => {})
  const [busy, due, idle] = [1, 2, 3].map((n) => `p${Date.now()}${n}`)
  const madeAtMs = Date.now() - 5_000
  const commands = [aPlaceHold(1), aPlaceHold(1)]
  for (const afterMs of [0, 1_000, 2_000]) {
    await lanes.add(busy ?? '', aCommandBatch(commands, madeAtMs + afterMs))
  }
  const dueMs = Date.now() - 3_000
  const expiry = makeExpiryBatch(draw, { cutoffMs: dueMs, madeAtMs: dueMs })
  // As the worker names them: the id does not tell the time.
  await lanes.add(due ?? '', { ...expiry, batchId: `exp_${due}_1` })

  const backlogs = await readLaneBacklogs(redis, [busy, due, idle].map(String), () =>
    Promise.resolve(madeAtMs + 6_000),
  )

  for (const name of [busy, due]) await redis.del(await keysOf(redis, String(name)))
  redis.disconnect()
  expect(backlogs).toEqual([
    { lane: busy, commands: 6, oldestAgeMs: 6_000 },
    { lane: due, commands: 1, oldestAgeMs: madeAtMs + 6_000 - dueMs },
  ])
})

const TABLES = new Set(['holds', 'orders', 'payment_events', 'refunds', 'dead_letters'])

async function explainBacklogs({ db }: Database) {
  const { rows } = await sql<{
    table: string
    key: string | null
  }>`explain format = traditional ${backlogQuery()}`.execute(db)
  return rows
}

const aCommandBatch = (commands: readonly PlaceHold[], madeAtMs: number): CommandBatch => ({
  format: 1,
  kind: 'commands',
  batchId: drawX(madeAtMs, randomBytes(10)),
  madeAtMs,
  replyTo: null,
  commands: [...commands],
})

const keysOf = (redis: RedisClient, lane: string): Promise<string[]> =>
  redis.keys(`bull:{flashlane-${lane}}:*`)
