import type { Command, Outcome } from '@flashlane/core'
import { findOrder, findProduct, parseEntry } from '@flashlane/db'
import { applyBatch, type Applied } from '@flashlane/worker/apply.ts'
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
  aReleaseHold,
  anAdjustStock,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
const log = pino({ level: 'silent' })

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

/** As a worker process of its own would: nothing is shared but the database. */
const apply = (batch: { batchId: string; commands: Command[] }): Promise<Applied> =>
  applyBatch(createStore(testDatabase.database, log), batch)
const applyNow = async (...commands: Command[]): Promise<readonly Outcome[]> =>
  (await apply(aBatch(commands))).outcomes
const productOf = async (productId: number) => {
  const product = await findProduct(testDatabase.database, productId)
  if (!product) throw new Error('no product')
  return product
}
const count = async (table: string, productId: number): Promise<number> => {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from ${sql.table(table)} where product_id = ${productId}
  `.execute(testDatabase.database.db)
  return Number(rows[0]?.n)
}

test('two buyers of the last unit, at once in two batches: one holds it, one is told insufficient_stock', async () => {
  for (let round = 0; round < 20; round++) {
    const productId = await aProduct(testDatabase.database, { stock: 1 })

    const outcomes = await Promise.all([
      applyNow(aPlaceHold(productId)),
      applyNow(aPlaceHold(productId)),
    ])

    const flat = outcomes.flat()
    expect(flat.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1)
    expect(flat).toContainEqual(
      expect.objectContaining({
        outcome: 'refused',
        reason: 'insufficient_stock',
        facts: { available: 0, requested: 1 },
      }),
    )
    expect(await productOf(productId)).toMatchObject({ held: 1, sold: 0, version: 3 })
  }
})

test('a batch delivered twice, to two workers, takes effect once and answers the same', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 10 })
  const hold = aPlaceHold(productId, { quantity: 3 })
  const batch = aBatch([
    hold,
    aPlaceHold(productId, { quantity: 50 }),
    aPlaceOrder(hold),
    aPayment(productId, { holdId: hold.holdId }),
  ])

  const first = await apply(batch)
  const second = await apply(batch)

  expect(second.outcomes).toEqual(first.outcomes)
  expect(await productOf(productId)).toMatchObject({ held: 0, sold: 3, version: 2 })
  expect(await count('journal', productId)).toBe(2)
})

test('a batch delivered to two workers at the same time takes effect once and answers the same', async () => {
  for (let round = 0; round < 20; round++) {
    const productId = await aProduct(testDatabase.database, { stock: 100 })
    const batch = aBatch(Array.from({ length: 30 }, () => aPlaceHold(productId)))

    const [first, second] = await Promise.all([apply(batch), apply(batch)])

    expect(second?.outcomes).toEqual(first?.outcomes)
    expect(await productOf(productId)).toMatchObject({ held: 30, version: 2 })
  }
})

test('a row that the database refuses: its command fails alone, the other 255 go on', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 1_000 })
  const { db } = testDatabase.database
  await sql`alter table holds add constraint no_thirteen check (quantity <> 13)`.execute(db)
  const commands = Array.from({ length: 256 }, (_, n) =>
    aPlaceHold(productId, { quantity: n === 100 ? 13 : 2 }),
  )
  const batch = aBatch(commands)

  const { outcomes } = await apply(batch)
  const again = await apply(batch)
  await sql`alter table holds drop constraint no_thirteen`.execute(db)

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(
    commands.map((_, n) => (n === 100 ? 'error' : 'accepted')),
  )
  expect(again.outcomes).toEqual(outcomes)
  expect(await productOf(productId)).toMatchObject({ held: 510, version: 2 })
  expect(await count('holds', productId)).toBe(255)
  expect(await count('dead_letters', productId)).toBe(1)
})

test('a batch whose journal entry the database refuses is buried whole, once, and the next one goes on', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 5 })
  const { db } = testDatabase.database
  const batch = aBatch([aPlaceHold(productId), aPlaceHold(productId)])
  await sql`alter table journal add constraint refused check (batch_id <> ${sql.lit(batch.batchId)})`.execute(
    db,
  )

  const { outcomes, letters } = await apply(batch)
  await sql`alter table journal drop constraint refused`.execute(db)
  const again = await apply(batch)
  const next = await applyNow(aPlaceHold(productId))

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['error', 'error'])
  expect(again.outcomes.map(({ outcome }) => outcome)).toEqual(['error', 'error'])
  expect([letters, again.letters]).toEqual([2, 0])
  expect(next).toMatchObject([{ outcome: 'accepted', version: 2 }])
  expect(await count('holds', productId)).toBe(1)
  expect(await count('dead_letters', productId)).toBe(2)
})

test('a command for a product that is not there is an error, and its neighbours are served', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 5 })
  const missing = 999_999_999_999
  const batch = aBatch([aPlaceHold(productId), aPlaceHold(missing), aPlaceHold(productId)])

  const { outcomes } = await apply(batch)
  const again = await apply(batch)

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'error', 'accepted'])
  expect(again.outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'error', 'accepted'])
})

test('a batch over several products gives each its own entry, and its outcomes in the batch’s order', async () => {
  const a = await aProduct(testDatabase.database, { stock: 1 })
  const b = await aProduct(testDatabase.database, { stock: 1 })
  const batch = aBatch([aPlaceHold(a), aPlaceHold(b), aPlaceHold(a), aPlaceHold(b)])

  const { outcomes } = await apply(batch)
  const again = await apply(batch)

  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    'accepted',
    'accepted',
    'refused',
    'refused',
  ])
  expect(again.outcomes).toEqual(outcomes)
  expect(await productOf(a)).toMatchObject({ held: 1, version: 2 })
  expect(await productOf(b)).toMatchObject({ held: 1, version: 2 })
})

test('two lanes that name one payment reference at once: one order keeps it, the other is refused', async () => {
  for (let round = 0; round < 10; round++) {
    const holds = await Promise.all(
      [0, 1].map(async () => aPlaceHold(await aProduct(testDatabase.database, { stock: 1 }))),
    )
    await Promise.all(holds.map((hold) => applyNow(hold)))
    const paymentRef = `pi_${aBatchId()}`

    const outcomes = await Promise.all(
      holds.map((hold) => applyNow(aPlaceOrder(hold, { paymentRef }))),
    )

    expect(
      outcomes
        .flat()
        .map((each) => each.outcome)
        .toSorted(),
    ).toEqual(['accepted', 'refused'])
    expect(outcomes.flat()).toContainEqual(expect.objectContaining({ reason: 'payment_ref_used' }))
  }
})

test('every journal entry has counters that add up, and its changes lead from one to the next', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 6 })
  const holds = [1, 2, 3].map((quantity) => aPlaceHold(productId, { quantity }))
  const [one, two, three] = holds as [(typeof holds)[0], (typeof holds)[0], (typeof holds)[0]]
  const order = aPlaceOrder(two)
  await applyNow(...holds)
  await applyNow(aReleaseHold(one), order, anAdjustStock(productId, { delta: 4 }))
  await applyNow(
    aPayment(productId, { orderId: order.orderId }),
    aPlaceOrder(three, { payment: 'cash_on_delivery' }),
  )

  const { rows } = await sql<{ seq: number; applied_at_ms: number; body: string }>`
    select seq, applied_at_ms, body from journal where product_id = ${productId} order by seq
  `.execute(testDatabase.database.db)
  const counters = { stockTotal: 0, held: 0, sold: 0 }
  const continuous: boolean[] = []
  for (const change of rows.flatMap((row) => parseEntry(row)).flatMap((each) => each.changes)) {
    if (change.entity !== 'product') continue
    const before = { ...counters, ...pick(change.before ?? {}) }
    continuous.push(JSON.stringify(before) === JSON.stringify(counters))
    Object.assign(counters, pick(change.after))
    const free = counters.stockTotal - counters.held - counters.sold
    expect(Math.min(counters.held, counters.sold, free)).toBeGreaterThanOrEqual(0)
  }

  expect(continuous).not.toContain(false)
  expect(counters).toEqual({ stockTotal: 10, held: 0, sold: 5 })
  expect(await productOf(productId)).toMatchObject(counters)
})

const pick = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(fields).filter(([key]) => ['stockTotal', 'held', 'sold'].includes(key)),
  )

test('an event parked under a hold, with a payment reference of another product’s order: a mismatch with a refund due, and the order stands', async () => {
  const { database } = testDatabase
  const mine = aPlaceHold(await aProduct(database, { stock: 1 }))
  const other = aPlaceHold(await aProduct(database, { stock: 1 }))
  const paymentRef = `pi_${aBatchId()}`
  const order = aPlaceOrder(mine)
  await applyNow(mine)
  await applyNow(other)
  await applyNow(aPlaceOrder(other, { paymentRef }))
  await applyNow(aPayment(mine.productId, { holdId: mine.holdId, paymentRef }))

  const outcomes = await applyNow(order)

  expect(outcomes).toMatchObject([
    { outcome: 'accepted', result: { type: 'order', order: { status: 'pending' } } },
  ])
  const found = await findOrder(database, order.orderId)
  expect(found?.refunds).toMatchObject([
    { reference: paymentRef, reason: 'payment_mismatch', status: 'due' },
  ])
})
