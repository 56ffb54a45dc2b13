import { laneOf } from '@flashlane/core'
import { findCommand, findProduct, openBatches, readClockMs } from '@flashlane/db'
import { applyBatch, type Store } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBatch, aBatchId, aPlaceHold, aPlaceOrder, aProduct } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { createTestWorker } from '../support/worker.ts'

let testDatabase: TestDatabase
const log = pino({ level: 'silent' })

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

/** While another transaction has what it needs. */
const someoneWaitsIn = (statement: string) =>
  until(
    async () => {
      const { rows } = await sql`
        select 1 from information_schema.processlist
        where db = database() and id <> connection_id() and info like ${statement}`.execute(
        testDatabase.database.db,
      )
      return rows.length > 0
    },
    { withinMs: 10_000, what: `a batch waits in ${statement}` },
  )

/** Longer than two readings of a clock may differ by. */
const WAIT_MS = 100

test('forty batches of one product at once: each waits for its row, and none meets the journal’s keys', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 100 })
  let duplicates = 0
  const real = createStore(testDatabase.database, log)
  const store: Store = {
    ...real,
    isDuplicateKey(error) {
      duplicates++
      return real.isDuplicateKey(error)
    },
  }

  const applied = await Promise.all(
    Array.from({ length: 40 }, () => applyBatch(store, aBatch([aPlaceHold(productId)]))),
  )

  expect(applied.flatMap(({ outcomes }) => outcomes).map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 40 }, () => 'accepted'),
  )
  expect(duplicates).toBe(0)
  expect(await findProduct(testDatabase.database, productId)).toMatchObject({
    held: 40,
    version: 41,
  })
})

test('a batch that waited for the product’s row has the time from behind the wait', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 10 })
  const [ahead, behind] = [aPlaceHold(productId), aPlaceHold(productId)]
  const holder = await openBatches(
    database,
    [{ batchId: aBatchId(), productIds: [productId] }],
    [ahead],
  )

  const waiting = applyBatch(createStore(database, log), aBatch([behind]))
  await someoneWaitsIn('%for update')
  const seenAtMs = await readClockMs(database)
  const freedAtMs = await until(
    async () => {
      const nowMs = await readClockMs(database)
      return nowMs >= seenAtMs + WAIT_MS && nowMs
    },
    { withinMs: 10_000, what: 'the clock goes on' },
  )
  if (holder.kind === 'open') await holder.abandon()
  await waiting

  const found = await findCommand(database, behind.commandId)
  expect(found?.appliedAtMs).toBeGreaterThanOrEqual(freedAtMs)
})

test('an outcome is not told before its commit', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 10 })
  const refused = aPlaceHold(productId, { quantity: 50 })
  let isTold = false

  // Somebody else is about to write the same row: the batch's INSERT waits for him.
  const { applied, wasTold } = await database.db.connection().execute(async (other) => {
    await sql`start transaction`.execute(other)
    await sql`
      insert into outcomes (command_id, type, body, accepted_at_ms, applied_at_ms)
      values (${refused.commandId}, 'PlaceHold', '{}', 1, 1)`.execute(other)
    const applying = applyBatch(createStore(database, log), aBatch([refused])).finally(() => {
      isTold = true
    })
    await someoneWaitsIn('insert into%')
    const wasToldThen = isTold
    await sql`rollback`.execute(other)
    return { applied: await applying, wasTold: wasToldThen }
  })

  expect(wasTold).toBe(false)
  expect(applied.outcomes).toMatchObject([{ reason: 'insufficient_stock' }])
})

test('a batch that has to be tried again is not overtaken by the one behind it', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 10 })
  const hold = aPlaceHold(productId)
  await applyBatch(createStore(database, log), aBatch([hold]))
  const [order, next] = [aPlaceOrder(hold), aPlaceHold(productId)]
  let tries = 0
  const real = createStore(database, log)
  const worker = createTestWorker(database, {
    ...real,
    open(heads, commands) {
      if (commands.some((each) => each.commandId === order.commandId)) tries++
      return real.open(heads, commands)
    },
  })
  const lane = worker.lanes.open(laneOf(productId, { kind: 'per-product' }))
  const batchOf = (command: typeof order | typeof next) => ({
    format: 1 as const,
    kind: 'commands' as const,
    batchId: aBatchId(),
    madeAtMs: Date.now(),
    replyTo: null,
    commands: [command],
  })

  try {
    await sql`rename table orders to orders_away`.execute(database.db)
    for (const batch of [batchOf(order), batchOf(next)])
      await lane.add({ id: batch.batchId, batch })
    await until(() => tries >= 3, { withinMs: 20_000, what: 'the order is tried again' })
    await sql`rename table orders_away to orders`.execute(database.db)
    await until(() => findCommand(database, next.commandId), {
      withinMs: 20_000,
      what: 'the hold behind it is placed',
    })
  } finally {
    await worker.close()
  }

  expect(await findCommand(database, order.commandId)).toMatchObject({ outcome: { version: 3 } })
  expect(await findCommand(database, next.commandId)).toMatchObject({ outcome: { version: 4 } })
})
