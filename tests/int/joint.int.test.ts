/** Batches of several lanes in one transaction: they share a commit, and nothing else. */
import type { Command, Outcome } from '@flashlane/core'
import { findProducts, openBatches } from '@flashlane/db'
import { type Applied, applyBatch, type Batch, type Store } from '@flashlane/worker/apply.ts'
import { createJoint } from '@flashlane/worker/joint.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  aBatch,
  aBatchId,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  aReleaseHold,
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
  const faults: unknown[] = []
  const watched: Store = {
    ...store,
    open(heads, commands) {
      opened.push(heads.length)
      return store.open(heads, commands)
    },
  }
  const joint = createJoint(watched, { onFault: (error) => faults.push(error) })
  const alone: string[] = []
  const apply = (batch: Batch): Promise<Applied> =>
    joint(batch, () => {
      alone.push(batch.batchId)
      return applyBatch(store, batch)
    })
  return { apply, opened, alone, faults }
}

const products = (stock: number, terms: { maxPerCustomer?: number } = {}): Promise<number[]> =>
  Promise.all(
    Array.from({ length: LANES }, () => aProduct(testDatabase.database, { stock, ...terms })),
  )

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
  const productIds = await products(5)
  const [closed = 0] = productIds
  const batches = batchesOf(productIds, (id) =>
    id === closed ? [aReleaseHold(aPlaceHold(id)), aPlaceHold(id)] : twoHolds(id),
  )

  const applied = await Promise.all(batches.map(apply))

  expect(opened).toEqual([LANES])
  expect(alone).toEqual([])
  expect(applied.map(told)).toEqual(
    productIds.map((id) => [id === closed ? 'refused' : 'accepted', 'accepted']),
  )
  expect(applied.map((each) => each.products.map(({ productId }) => productId))).toEqual(
    productIds.map((id) => [id]),
  )
  expect(await entriesOf(batches.map(({ batchId }) => batchId))).toEqual(
    new Map(batches.map(({ batchId }, i) => [batchId, productIds[i]])),
  )
  expect(await heldOf(productIds)).toEqual(productIds.map((id) => (id === closed ? 1 : 2)))
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

test('a batch that the database refuses fails alone, and what it was is told', async () => {
  const { apply, alone, faults } = aJoint()
  const productIds = await products(5)
  const batches = batchesOf(productIds, twoHolds)
  const refused = batches[LANES - 1] as Batch
  const { db } = testDatabase.database
  await sql`alter table journal add constraint refused check (batch_id <> ${sql.lit(refused.batchId)})`.execute(
    db,
  )

  const applied = await Promise.all(batches.map(apply))
  await sql`alter table journal drop constraint refused`.execute(db)

  expect(applied.map(told)).toEqual(
    batches.map((batch) => (batch === refused ? ['error', 'error'] : ['accepted', 'accepted'])),
  )
  expect(alone.toSorted()).toEqual(batches.map(({ batchId }) => batchId).toSorted())
  expect(faults).toHaveLength(1)
})

test('what needs room made goes alone, and the others together', async () => {
  const { apply, opened, alone } = aJoint()
  const productIds = await products(1)
  const scarce = productIds[3]
  const batches = batchesOf(productIds, (id) => (id === scarce ? twoHolds(id) : [aPlaceHold(id)]))

  const applied = await Promise.all(batches.map(apply))

  expect(applied.map(told)).toEqual(
    productIds.map((id) => (id === scarce ? ['accepted', 'refused'] : ['accepted'])),
  )
  expect(opened).toEqual([LANES])
  expect(alone).toEqual([batches[3]?.batchId])
  expect(applied.map((each) => each.products.map(({ version }) => version))).toEqual(
    productIds.map(() => [2]),
  )
})

test('what each customer may have is known in company too', async () => {
  const { apply, opened } = aJoint()
  const productIds = await products(9, { maxPerCustomer: 1 })
  const ofAnn = (id: number) => aPlaceHold(id, { customerRef: 'ann' })
  const before = batchesOf(productIds.slice(0, 4), (id) => [ofAnn(id)])
  await Promise.all(before.map(apply))

  const applied = await Promise.all(batchesOf(productIds, (id) => [ofAnn(id)]).map(apply))

  expect(opened).toEqual([4, LANES])
  expect(applied.map(told)).toEqual(productIds.map((_, i) => [i < 4 ? 'refused' : 'accepted']))
})

test('orders and large batches go alone: they may wait for another lane, or have no need of company', async () => {
  const { apply, opened, alone } = aJoint()
  const [ordered = 0, large = 0] = await products(100)
  const hold = aPlaceHold(ordered)
  const batches = [
    aBatch([hold, aPlaceOrder(hold)]),
    aBatch(Array.from({ length: 64 }, () => aPlaceHold(large))),
  ]

  await Promise.all(batches.map(apply))

  expect(opened).toEqual([])
  expect(alone).toEqual(batches.map(({ batchId }) => batchId))
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
  const many = (productId: number) => Array.from({ length: 60 }, () => aPlaceHold(productId))

  const applied = await Promise.all(batchesOf(productIds, many).map(apply))

  expect(Math.max(...opened)).toBe(4)
  expect(applied.every(({ outcomes }) => outcomes.length === 60)).toBe(true)
  expect(await heldOf(productIds)).toEqual(productIds.map(() => 60))
})
