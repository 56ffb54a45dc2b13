/** Batches that wait in a deep lane, applied in the transaction of the one before them. */
import {
  type Command,
  type CommandBatch,
  jobName,
  packBatch,
  type PlaceHold,
  queueName,
  replyChannel,
} from '@flashlane/core'
import { findProducts, parseEntry } from '@flashlane/db'
import { createAhead } from '@flashlane/worker/ahead.ts'
import { type Applied, applyBatch, type Batch, type Store } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  aBatch,
  anExtendHold,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  aReleaseHold,
} from '../support/commands.ts'
import { createTestDatabase, required, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { createTestWorker } from '../support/worker.ts'

const log = pino({ level: 'silent' })

let testDatabase: TestDatabase
beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const inLane = (commands: Command[]): CommandBatch => ({
  ...aBatch(commands),
  format: 2,
  kind: 'commands',
  madeAtMs: Date.now(),
  replyTo: null,
})

/** Tells for how many batches each transaction was opened. */
function watched(): { store: Store; opened: number[] } {
  const store = createStore(testDatabase.database, log)
  const opened: number[] = []
  const open: Store['open'] = (heads, commands) => {
    opened.push(heads.length)
    return store.open(heads, commands)
  }
  return { store: { ...store, open }, opened }
}

/** A worker that takes these batches of a lane one after another, which is deep as long as any waits. */
function aWorker(batches: readonly CommandBatch[]) {
  const { store, opened } = watched()
  const faults: unknown[] = []
  const ahead = createAhead(store, { depthMin: 1, onFault: (error) => faults.push(error) })
  const waiting = [...batches]
  const lane = {
    name: 'p1',
    depth: async () => waiting.length,
    next: async (most: number) => waiting.slice(0, most),
  }
  async function takeNext(): Promise<Applied> {
    const batch = waiting.shift()
    if (!batch) throw new Error('nothing waits')
    const { applied } = await ahead(lane, batch, () => applyBatch(store, batch))
    return applied
  }
  async function takeAll(): Promise<Applied[]> {
    const applied: Applied[] = []
    while (waiting.length > 0) applied.push(await takeNext())
    return applied
  }
  return { takeNext, takeAll, opened, faults, waiting }
}

const told = (applied: readonly Applied[]) =>
  applied.map(({ outcomes }) => outcomes.map(({ outcome }) => outcome))

const holds = (productId: number, count: number, over: Partial<PlaceHold> = {}): PlaceHold[] =>
  Array.from({ length: count }, () => aPlaceHold(productId, over))

async function journalOf(productId: number) {
  const { rows } = await sql<{
    seq: number
    batch_id: string
    applied_at_ms: number
    body: string
  }>`select seq, batch_id, applied_at_ms, body from journal where product_id = ${productId} and seq > 1 order by seq`.execute(
    testDatabase.database.db,
  )
  return rows.map((row) => ({
    seq: row.seq,
    batchId: row.batch_id,
    commandIds: parseEntry(row).map(({ command }) => command.commandId),
  }))
}

const entriesOf = (batches: readonly Batch[], seqs: readonly number[]) =>
  batches.map(({ batchId, commands }, i) => ({
    seq: seqs[i],
    batchId,
    commandIds: commands.map(({ commandId }) => commandId),
  }))

async function productOf(productId: number) {
  const [product] = await findProducts(testDatabase.database, [productId])
  return product
}

test('four batches go in one transaction, each with its entry, in order, and each told when it is taken', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 5_000 })
  const batches = Array.from({ length: 6 }, () => inLane(holds(productId, 100)))
  const { takeAll, opened } = aWorker(batches)

  const applied = await takeAll()

  expect(opened).toEqual([4, 2])
  expect(told(applied)).toEqual(batches.map(() => Array(100).fill('accepted')))
  expect(applied.map(({ outcomes }) => outcomes[0]?.version)).toEqual([2, 3, 4, 5, 6, 7])
  expect(await journalOf(productId)).toEqual(entriesOf(batches, [2, 3, 4, 5, 6, 7]))
  expect(await productOf(productId)).toMatchObject({ held: 600, version: 7 })
})

test('what is applied ahead is committed before its job comes, and another worker tells the same of it', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 5_000 })
  const batches = [0, 1, 2].map(() => inLane(holds(productId, 40)))
  const dies = aWorker(batches)
  await dies.takeNext()
  const heldThen = (await productOf(productId))?.held

  const byAnother = await aWorker(dies.waiting).takeAll()
  const byItself = await dies.takeAll()

  expect(heldThen).toBe(120)
  expect(byAnother.map(({ outcomes }) => outcomes)).toEqual(
    byItself.map(({ outcomes }) => outcomes),
  )
  expect(byAnother.map(({ nowMs }) => nowMs)).toEqual([null, null])
  expect(await journalOf(productId)).toEqual(entriesOf(batches, [2, 3, 4]))
})

test('a batch sees what the ones before it did: a hold is released, extended and its key repeated', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 5_000 })
  const [first, second, keyed] = [
    aPlaceHold(productId),
    aPlaceHold(productId),
    aPlaceHold(productId, { fingerprint: 'a'.repeat(32) }),
  ]
  const batches = [
    inLane([first, second, keyed, ...holds(productId, 300)]),
    inLane([aReleaseHold(first), ...holds(productId, 300)]),
    inLane([anExtendHold(second), keyed]),
  ]
  const { takeAll, opened } = aWorker(batches)

  const applied = await takeAll()

  expect(opened).toEqual([3])
  expect(told(applied).flat()).toEqual(Array(3 + 300 + 1 + 300 + 2).fill('accepted'))
  expect(applied[2]?.outcomes[1]?.replayed).toEqual({ fingerprint: keyed.fingerprint })
  expect(await productOf(productId)).toMatchObject({ held: 602 })
})

test('of a lane of several products, each has its own versions', async () => {
  const [one, other] = [
    await aProduct(testDatabase.database, { stock: 100 }),
    await aProduct(testDatabase.database, { stock: 100 }),
  ]
  const batches = [
    inLane([...holds(one, 2), ...holds(other, 2)]),
    inLane(holds(other, 2)),
    inLane([...holds(one, 2), ...holds(other, 2)]),
  ]
  const { takeAll, opened } = aWorker(batches)

  await takeAll()

  expect(opened).toEqual([3])
  expect((await journalOf(one)).map(({ seq, batchId }) => [seq, batchId])).toEqual([
    [2, batches[0]?.batchId],
    [3, batches[2]?.batchId],
  ])
  expect((await journalOf(other)).map(({ seq, batchId }) => [seq, batchId])).toEqual(
    batches.map(({ batchId }, i) => [i + 2, batchId]),
  )
})

test('where they ask for more than is free, only the one in hand goes, with the room that is due made for it', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 10 })
  await aWorker([inLane(holds(productId, 10))]).takeAll()
  await sql`update holds set expires_at_ms = expires_at_ms - 300000 where product_id = ${productId}`.execute(
    testDatabase.database.db,
  )
  const batches = [
    inLane(holds(productId, 4)),
    inLane(holds(productId, 4)),
    inLane(holds(productId, 4)),
  ]
  const { takeAll, opened } = aWorker(batches)

  const applied = await takeAll()

  expect(opened).toEqual([3, 1, 1])
  expect(told(applied).flat()).toEqual([...Array(10).fill('accepted'), ...Array(2).fill('refused')])
  expect(await productOf(productId)).toMatchObject({ held: 10 })
})

test('a limit for each customer counts what the batches before have given him', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 100, maxPerCustomer: 2 })
  const batches = [0, 1, 2].map(() => inLane(holds(productId, 1, { customerRef: 'ann' })))
  const { takeAll, opened } = aWorker(batches)

  const applied = await takeAll()

  expect(opened).toEqual([3])
  expect(told(applied)).toEqual([['accepted'], ['accepted'], ['refused']])
})

test('nothing is taken ahead of an order, which may wait for a row of another lane', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 100 })
  const hold = aPlaceHold(productId)
  const batches = [inLane([hold]), inLane([aPlaceOrder(hold)]), inLane(holds(productId, 2))]
  const { takeAll, opened } = aWorker(batches)

  const applied = await takeAll()

  expect(opened).toEqual([1, 1, 1])
  expect(told(applied).flat()).toEqual(Array(4).fill('accepted'))
})

test('what the database refuses of one keeps it from company, and nobody else from being applied', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 100 })
  const tooLong = aPlaceHold(productId, { customerRef: 'x'.repeat(300) })
  const batches = [inLane(holds(productId, 2)), inLane([tooLong]), inLane(holds(productId, 2))]
  const { takeAll, faults } = aWorker(batches)

  const applied = await takeAll()

  expect(told(applied)).toEqual([['accepted', 'accepted'], ['error'], ['accepted', 'accepted']])
  expect(faults.length).toBe(1)
  expect((await journalOf(productId)).map(({ batchId }) => batchId)).toEqual(
    batches.map(({ batchId }) => batchId),
  )
})

test('a worker empties a deep lane of Redis so, and every batch is told once and in order', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 5_000 })
  const batches = Array.from({ length: 8 }, () => ({
    ...inLane(holds(productId, 250)),
    replyTo: `api-${productId}`,
  }))
  const { store, opened } = watched()
  const name = `p${productId}`
  const redis = new Redis(required('REDIS_URL'), { maxRetriesPerRequest: null })
  const queue = new Queue(queueName(name), { connection: redis })
  for (const batch of batches) {
    await queue.add(jobName(batch), packBatch(batch), { jobId: batch.batchId })
  }
  const listener = redis.duplicate()
  const heard: string[] = []
  listener.on('message', (_channel, text) => heard.push(JSON.parse(text).batchId))
  await listener.subscribe(replyChannel(`api-${productId}`))

  const worker = createTestWorker(testDatabase.database, store)
  worker.lanes.open(name)
  await until(() => heard.length >= batches.length, { withinMs: 20_000, what: 'all are told' })
  const isEmpty = async () =>
    Object.values(await queue.getJobCounts('wait', 'active')).every((count) => count === 0)
  await until(isEmpty, { withinMs: 5_000, what: 'no job is left' })
  await worker.close()
  listener.disconnect()
  await queue.close()
  redis.disconnect()

  expect(heard).toEqual(batches.map(({ batchId }) => batchId))
  expect(opened).toContain(4)
  expect(await journalOf(productId)).toEqual(entriesOf(batches, [2, 3, 4, 5, 6, 7, 8, 9]))
})
