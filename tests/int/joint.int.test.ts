/** Batches of several lanes in one transaction: they share a commit, and nothing else. */
import type { Command, Outcome } from '@flashlane/core'
import { findProducts, openBatches } from '@flashlane/db'
import { type Applied, applyBatch, type Batch } from '@flashlane/worker/apply.ts'
import { createJoint } from '@flashlane/worker/joint.ts'
import { createStore } from '@flashlane/worker/store.ts'
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
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const LANES = 10

let testDatabase: TestDatabase
beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

/** As a worker has it. Tells which batches went alone, and how many each other transaction was opened for. */
function aJoint() {
  const store = createStore(testDatabase.database, pino({ level: 'silent' }))
  const opened: number[] = []
  const joint = createJoint({
    ...store,
    open(heads, commands) {
      opened.push(heads.length)
      return store.open(heads, commands)
    },
  })
  const alone: string[] = []
  const apply = (batch: Batch): Promise<Applied> =>
    joint(batch, () => {
      alone.push(batch.batchId)
      return applyBatch(store, batch)
    })
  return { apply, opened, alone }
}

const products = (stock: number): Promise<number[]> =>
  Promise.all(Array.from({ length: LANES }, () => aProduct(testDatabase.database, { stock })))

/** What each lane has at the same time. */
const batchesOf = (productIds: readonly number[], commandsOf: (id: number) => Command[]): Batch[] =>
  productIds.map((productId) => aBatch(commandsOf(productId)))

const twoHolds = (productId: number): Command[] => [aPlaceHold(productId), aPlaceHold(productId)]
const told = ({ outcomes }: { outcomes: readonly Outcome[] }): string[] =>
  outcomes.map(({ outcome }) => outcome)

async function entriesOf(batchIds: readonly string[]) {
  const { rows } = await sql<{ batch_id: string; product_id: number }>`
    select batch_id, product_id from journal where batch_id in (${sql.join(batchIds)})`.execute(
    testDatabase.database.db,
  )
  return new Map(rows.map((row) => [row.batch_id, row.product_id]))
}

async function heldOf(productIds: readonly number[]): Promise<number[]> {
  const found = await findProducts(testDatabase.database, productIds)
  return productIds.map((id) => found.find(({ productId }) => productId === id)?.held ?? -1)
}

test('what comes together goes in one transaction, each batch with its own products, outcomes and entry', async () => {
  const { apply, alone, opened } = aJoint()
  const productIds = await products(1)
  const batches = batchesOf(productIds, twoHolds)

  const applied = await Promise.all(batches.map(apply))

  expect(opened).toEqual([LANES])
  expect(alone).toEqual([])
  expect(applied.map(told)).toEqual(batches.map(() => ['accepted', 'refused']))
  expect(applied.map((each) => each.products.map(({ productId }) => productId))).toEqual(
    productIds.map((id) => [id]),
  )
  expect(await entriesOf(batches.map(({ batchId }) => batchId))).toEqual(
    new Map(batches.map(({ batchId }, i) => [batchId, productIds[i]])),
  )
  expect(await heldOf(productIds)).toEqual(productIds.map(() => 1))
})

test('what comes while two transactions run goes in one when the first of them ends', async () => {
  const { apply, alone, opened } = aJoint()
  const batches = batchesOf(await products(5), twoHolds)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const applying: Promise<Applied>[] = []

  for (const batch of batches) {
    applying.push(apply(batch))
    await turn()
  }
  await Promise.all(applying)

  expect(alone.slice(0, 2)).toEqual(batches.slice(0, 2).map(({ batchId }) => batchId))
  expect(alone.length + opened.reduce((sum, each) => sum + each, 0)).toBe(LANES)
  expect(Math.max(...opened)).toBeGreaterThan(1)
})

test('a batch that was applied before is answered from the journal, and the others are applied', async () => {
  const productIds = await products(5)
  const batches = batchesOf(productIds, twoHolds)
  const again = batches[LANES - 1] as Batch
  const first = await aJoint().apply(again)

  const applied = await Promise.all(batches.map(aJoint().apply))

  expect(applied[LANES - 1]?.outcomes).toEqual(first.outcomes)
  expect(await heldOf(productIds)).toEqual(productIds.map(() => 2))
})

test('a batch that comes twice at once is applied once', async () => {
  const { apply } = aJoint()
  const productIds = await products(5)
  const batches = batchesOf(productIds, twoHolds)
  const twice = batches[LANES - 1] as Batch

  const applied = await Promise.all([...batches, twice].map(apply))

  expect(applied[LANES]?.outcomes).toEqual(applied[LANES - 1]?.outcomes)
  expect(await heldOf(productIds)).toEqual(productIds.map(() => 2))
})

test('a batch that the database refuses fails alone', async () => {
  const { apply } = aJoint()
  const productIds = await products(5)
  const last = productIds[LANES - 1] as number
  const hold = aPlaceHold(last)
  const order = aPlaceOrder(hold, { paymentRef: `pi_${last}` })
  await apply(aBatch([hold, order]))
  const { db } = testDatabase.database
  await sql`update payments set refund_parts = 'no json' where order_id = ${order.orderId}`.execute(
    db,
  )
  const batches = batchesOf(productIds, (id) =>
    id === last ? [aPayment(id, { orderId: order.orderId })] : twoHolds(id),
  )

  const applied = await Promise.all(batches.map(apply))

  expect(applied.map(told)).toEqual(
    productIds.map((id) => (id === last ? ['error'] : ['accepted', 'accepted'])),
  )
})

test('a product whose row somebody keeps keeps no other lane, in company or in both places', async () => {
  const { apply } = aJoint()
  const productIds = await products(5)
  const kept = [productIds[0], productIds[1], productIds[LANES - 1]] as number[]
  const stranger = await openBatches(
    testDatabase.database,
    [{ batchId: aBatchId(), productIds: kept }],
    [],
  )
  const done: number[] = []
  const batches = batchesOf(productIds, twoHolds)
  const applying = batches.map((batch, i) =>
    apply(batch).then((applied) => {
      done.push(productIds[i] as number)
      return applied
    }),
  )

  const free = productIds.filter((id) => !kept.includes(id))
  await until(() => done.length === free.length, { withinMs: 3_000, what: 'the others are done' })
  const meanwhile = done.toSorted((a, b) => a - b)
  if (stranger.kind === 'open') await stranger.abandon()
  const applied = await Promise.all(applying)

  expect(meanwhile).toEqual(free.toSorted((a, b) => a - b))
  expect(applied.map(told)).toEqual(batches.map(() => ['accepted', 'accepted']))
})

test('batches go in company only up to what one batch may hold', async () => {
  const { apply, opened } = aJoint()
  const productIds = await products(200)
  const many = (productId: number) => Array.from({ length: 100 }, () => aPlaceHold(productId))

  const applied = await Promise.all(batchesOf(productIds, many).map(apply))

  expect(Math.max(...opened)).toBe(2)
  expect(applied.every(({ outcomes }) => outcomes.length === 100)).toBe(true)
  expect(await heldOf(productIds)).toEqual(productIds.map(() => 100))
})
