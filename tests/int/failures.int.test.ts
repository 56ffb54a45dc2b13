import type { Command } from '@flashlane/core'
import { findCommand, insertWaitingEvent, takeWaitingEvents } from '@flashlane/db'
import { applyBatch, type Store } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { aBatch, aPayment, aPlaceHold, aPlaceOrder, aProduct } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
const log = pino({ level: 'silent' })

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const apply = (batch: { batchId: string; commands: Command[] }) =>
  applyBatch(createStore(testDatabase.database, log), batch)

const deadLetters = async (): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*) as n from dead_letters`.execute(
    testDatabase.database.db,
  )
  return Number(rows[0]?.n)
}

test.each([
  ['a pool that is full', new Error('Queue limit reached.')],
  [
    'a server that lets nobody in',
    Object.assign(new Error('denied'), { errno: 1_045, sqlState: '28000', fatal: true }),
  ],
])(
  '%s buries nothing: the batch is thrown back, and applied when there is a connection',
  async (_, refusal) => {
    const batch = aBatch([aPlaceHold(await aProduct(testDatabase.database, { stock: 1 }))])
    const { pool } = testDatabase.database
    // Twice, so that a last attempt at burying the batch would find a connection.
    const refuse = (callback: (error: Error) => void) => callback(refusal)
    const getConnection = vi.spyOn(pool, 'getConnection')
    for (let n = 0; n < 2; n++) getConnection.mockImplementationOnce(refuse as never)

    const first = await apply(batch).catch((error: unknown) => error)
    getConnection.mockRestore()
    const { outcomes } = await apply(batch)

    expect(first).toBeInstanceOf(Error)
    expect(outcomes).toMatchObject([{ outcome: 'accepted' }])
    expect(await deadLetters()).toBe(0)
  },
)

test('a table that is not there for a while buries nothing: the batch is applied when it is back', async () => {
  const { db } = testDatabase.database
  const batch = aBatch([aPlaceHold(await aProduct(testDatabase.database, { stock: 1 }))])
  await sql`rename table holds to holds_away`.execute(db)

  const first = await apply(batch).catch((error: unknown) => error)
  await sql`rename table holds_away to holds`.execute(db)
  const { outcomes } = await apply(batch)

  expect(first).toBeInstanceOf(Error)
  expect(outcomes).toMatchObject([{ outcome: 'accepted' }])
  expect(await deadLetters()).toBe(0)
})

test('an order whose rows cannot be read fails the command that names it, and no other of the batch', async () => {
  const { db } = testDatabase.database
  const productId = await aProduct(testDatabase.database, { stock: 3 })
  const hold = aPlaceHold(productId)
  const order = aPlaceOrder(hold, { paymentRef: `pi_${productId}` })
  await apply(aBatch([hold, order]))
  await sql`update payments set refund_parts = 'no json' where order_id = ${order.orderId}`.execute(
    db,
  )

  const { outcomes } = await apply(
    aBatch([
      aPlaceHold(productId),
      aPayment(productId, { orderId: order.orderId }),
      aPlaceHold(productId),
    ]),
  )

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'error', 'accepted'])
})

test('a letter counts with the try that wrote it, and not with one whose transaction was rolled back', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1 })
  const hold = aPlaceHold(productId)
  const order = aPlaceOrder(hold, { paymentRef: `pi_${productId}` })
  await apply(aBatch([hold, order]))
  await sql`update payments set refund_parts = 'no json' where order_id = ${order.orderId}`.execute(
    database.db,
  )
  const store = createStore(database, log)
  const lost = Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true })
  const failing: Store = {
    ...store,
    async open(...asked) {
      const open = await store.open(...asked)
      return open.kind === 'open' ? { ...open, finish: () => Promise.reject(lost) } : open
    },
  }
  const batch = aBatch([aPayment(productId, { orderId: order.orderId })])
  const lettersBefore = await deadLetters()

  const first = await applyBatch(failing, batch).catch((error: unknown) => error)
  const writtenFirst = (await deadLetters()) - lettersBefore
  const second = await applyBatch(store, batch)
  const third = await applyBatch(store, batch)

  expect([first, writtenFirst]).toEqual([lost, 0])
  expect([second.letters, third.letters]).toEqual([1, 0])
  expect((await deadLetters()) - lettersBefore).toBe(1)
})

test('a repeat in a batch that is buried whole leaves the outcome that its command had', async () => {
  const { database } = testDatabase
  const fingerprint = '0'.repeat(32)
  const hold = aPlaceHold(await aProduct(database, { stock: 1 }), { fingerprint })
  await apply(aBatch([hold]))
  const batch = aBatch([hold])
  await sql`alter table journal add constraint refused check (batch_id <> ${sql.lit(batch.batchId)})`.execute(
    database.db,
  )

  const buried = await apply(batch)
  await sql`alter table journal drop constraint refused`.execute(database.db)
  const repeated = await apply(aBatch([hold]))

  expect(buried.outcomes).toMatchObject([{ outcome: 'error' }])
  expect(repeated.outcomes).toMatchObject([{ outcome: 'accepted', replayed: { fingerprint } }])
  expect(await findCommand(database, hold.commandId)).toMatchObject({
    type: 'PlaceHold',
    outcome: { outcome: 'accepted' },
  })
})

test('a waiting event whose batch was buried whole is not carried to its lane again the next minute', async () => {
  const { database } = testDatabase
  const event = aPayment(await aProduct(database, { stock: 1 }))
  await insertWaitingEvent(database, event, Date.now())
  const batch = aBatch([event])
  await sql`alter table journal add constraint refused check (batch_id <> ${sql.lit(batch.batchId)})`.execute(
    database.db,
  )

  await apply(batch)
  await sql`alter table journal drop constraint refused`.execute(database.db)
  const taken = await takeWaitingEvents(database, { nowMs: Date.now() + 120_000, limit: 100 })

  expect(taken).toEqual([])
})
