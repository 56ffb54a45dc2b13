/** What the journal keeps of the commands of a sale's rules: all of it, so that a batch which comes again is answered alike. */
import type { Change, Command } from '@flashlane/core'
import { findProduct, parseEntry } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  aBatch,
  aCancelOrder,
  aChangeProduct,
  anExtendHold,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  aSettleRefund,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
const log = pino({ level: 'silent' })

beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const apply = (batch: { batchId: string; commands: Command[] }) =>
  applyBatch(createStore(testDatabase.database, log), batch)

/** A batch with every command that has to do with a sale's rules, granted and refused. */
async function aBatchOfAll() {
  const productId = await aProduct(testDatabase.database, { stock: 4, maxPerCustomer: 4 })
  const his = { customerRef: 'ann' }
  const keyed = { fingerprint: 'f'.repeat(32) }
  const old = aPlaceHold(productId, his)
  const replacing = aPlaceHold(productId, { ...his, quantity: 2, replaceExisting: true })
  const partial = aPlaceHold(productId, { customerRef: 'bob', quantity: 3, allowPartial: true })
  const order = aPlaceOrder(replacing)
  const commands: Command[] = [
    old,
    anExtendHold(old),
    replacing,
    { ...partial, ...keyed },
    order,
    aCancelOrder(order),
    aPlaceHold(productId, { customerRef: '__proto__', quantity: 2 }),
    aPayment(productId, { orderId: order.orderId, paymentRef: `pi_${order.orderId}` }),
    aSettleRefund(order, 'sent'),
    { ...aSettleRefund(order, 'done'), ...keyed },
    aChangeProduct(productId, { price: 1, maxPerCustomer: null, image: 'x', isPaused: true }),
    { ...aChangeProduct(productId, { image: null, saleEndsAtMs: 1 }), ...keyed },
    aPlaceHold(productId, { customerRef: 'bob', replaceExisting: true }),
    anExtendHold(old),
    aChangeProduct(productId, { saleStartsAtMs: 2 }),
  ]
  return { productId, batch: aBatch(commands) }
}

test('an entry gives its commands, outcomes and changes whole, of every rule of a sale', async () => {
  const { productId, batch } = await aBatchOfAll()

  const { decided } = await apply(batch)

  expect(decided.map(({ outcome }) => outcome.outcome)).toEqual([
    ...Array<string>(12).fill('accepted'),
    'refused',
    'refused',
    'refused',
  ])
  const { rows } = await sql<{ seq: number; applied_at_ms: number; body: string }>`
    select seq, applied_at_ms, body from journal where batch_id = ${batch.batchId} and product_id = ${productId}
  `.execute(testDatabase.database.db)
  const entries = rows.flatMap((row) => parseEntry(row))
  const { payload: _raw, ...payment } = batch.commands[7] as Command & { payload: string }
  expect(entries.map(({ command }) => command)).toEqual(batch.commands.with(7, payment as Command))
  expect(entries.map(({ outcome }) => outcome)).toEqual(decided.map(({ outcome }) => outcome))
  expect(entries.map(({ given }) => given)).toEqual(decided.map(({ given }) => given))
  expect(entries.map(({ changes }) => changes.map(({ before, after }) => [before, after]))).toEqual(
    decided.map(({ changes }) => changes.map(differing)),
  )
})

/** What differs, of an entity that was there before; all of a new one. */
function differing({ before, after }: Change): [unknown, unknown] {
  if (before === null) return [null, after]
  const was = new Map<string, unknown>(Object.entries(before))
  const names = Object.entries(after).flatMap(([name, value]) =>
    was.get(name) === value ? [] : [name],
  )
  const only = (whole: object) =>
    Object.fromEntries(Object.entries(whole).filter(([name]) => names.includes(name)))
  return [only(before), only(after)]
}

test('a batch of every rule that is delivered again, also at once, takes effect once and answers the same', async () => {
  const { productId, batch } = await aBatchOfAll()

  const [first, second] = await Promise.all([apply(batch), apply(batch)])
  const product = await findProduct(testDatabase.database, productId)
  const third = await apply(batch)

  expect(second?.outcomes).toEqual(first?.outcomes)
  expect(third.outcomes).toEqual(first?.outcomes)
  expect(product).toMatchObject({ version: 2, price: 1, image: null, isPaused: true, held: 4 })
  expect(await findProduct(testDatabase.database, productId)).toEqual(product)
})
