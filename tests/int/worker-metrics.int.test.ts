/** What a worker counts of what went wrong, and of what came again. */
import type { Command, CommandBatch } from '@flashlane/core'
import type { Database } from '@flashlane/db'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { aBatchId, aPlaceHold, aProduct } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { parseSamples } from '../support/metrics.ts'
import { until } from '../support/until.ts'
import { createTestWorker, type TestWorker } from '../support/worker.ts'

let testDatabase: TestDatabase
let database: Database
let worker: TestWorker

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = testDatabase.database
})
afterAll(() => testDatabase.drop())
beforeEach(() => {
  worker = createTestWorker(database)
})
afterEach(() => worker.close())

const aCommandBatch = (commands: readonly Command[], batchId = aBatchId()): CommandBatch => ({
  format: 1,
  kind: 'commands',
  batchId,
  madeAtMs: Date.now(),
  replyTo: null,
  commands: [...commands],
})

/** A sample as soon as it is what it should be; what it is, where that takes too long. */
async function told(name: string, labels: Record<string, string>, value: number) {
  const read = async () =>
    parseSamples(await worker.metrics.registry.metrics()).valueOf(name, labels)
  await until(async () => (await read()) === value, { withinMs: 10_000, what: name }).catch(
    () => {},
  )
  return read()
}

test('a command that could not be applied is counted as a dead letter, once', async () => {
  const productId = await aProduct(database, { stock: 5 })
  const lane = worker.lanes.open(`p${productId}`)
  const batch = aCommandBatch([aPlaceHold(productId), aPlaceHold(999_999_999_999)])

  await lane.add({ id: batch.batchId, batch })
  const first = await told('flash_worker_dead_letters_total', {}, 1)
  await lane.add({ id: batch.batchId, batch })
  await told('flash_worker_redelivered_batches_total', {}, 1)

  expect([first, await told('flash_worker_dead_letters_total', {}, 1)]).toEqual([1, 1])
})

test('a batch that comes again is counted as such, and its commands once', async () => {
  const productId = await aProduct(database, { stock: 5 })
  const lane = worker.lanes.open(`p${productId}`)
  const batch = aCommandBatch([aPlaceHold(productId), aPlaceHold(productId, { quantity: 9 })])

  await lane.add({ id: batch.batchId, batch })
  await lane.add({ id: `again_${batch.batchId}`, batch })

  expect(await told('flash_worker_redelivered_batches_total', {}, 1)).toBe(1)
  const outcomes = 'flash_worker_outcomes_total'
  expect(await told(outcomes, { command: 'PlaceHold', outcome: 'accepted' }, 1)).toBe(1)
  expect(await told(outcomes, { outcome: 'refused', reason: 'insufficient_stock' }, 1)).toBe(1)
  expect(await told('flash_worker_batches_in_work', {}, 0)).toBe(0)
})

test('a repeat under a key is counted as a repeat, not as another hold', async () => {
  const productId = await aProduct(database, { stock: 5 })
  const lane = worker.lanes.open(`p${productId}`)
  const hold = aPlaceHold(productId, { fingerprint: 'a'.repeat(32) })
  for (const batch of [aCommandBatch([hold]), aCommandBatch([hold])]) {
    await lane.add({ id: batch.batchId, batch })
  }

  const outcomes = 'flash_worker_outcomes_total'
  expect(await told(outcomes, { command: 'PlaceHold', outcome: 'repeated' }, 1)).toBe(1)
  expect(await told(outcomes, { command: 'PlaceHold', outcome: 'accepted' }, 1)).toBe(1)
})

test('while somebody else has the row, tries are counted by what they failed of, and the batch gets older', async () => {
  const productId = await aProduct(database, { stock: 5 })
  const lane = worker.lanes.open(`p${productId}`)
  const batch = aCommandBatch([aPlaceHold(productId)])
  const retries = ['flash_worker_retries_total', { cause: 'lock_wait' }, 1] as const
  let seen: number | null = null
  let longestS = 0

  await database.db.transaction().execute(async (trx) => {
    await sql`select 1 from products where product_id = ${productId} for update`.execute(trx)
    await lane.add({ id: batch.batchId, batch })
    // The statement that waits keeps this transaction from sleeping, which would end it.
    const keepAwake = setInterval(() => void sql`select 1`.execute(trx), 500)
    seen = await told(...retries)
    longestS =
      parseSamples(await worker.metrics.registry.metrics()).valueOf(
        'flash_worker_longest_batch_seconds',
      ) ?? 0
    clearInterval(keepAwake)
  })

  expect(seen).toBe(1)
  expect(longestS).toBeGreaterThan(1.5)
  expect(await told('flash_worker_apply_seconds_count', {}, 1)).toBe(1)
})
