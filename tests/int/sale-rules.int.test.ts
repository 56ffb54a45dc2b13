/** The rules of a sale on a real database: what customers have is counted from rows, and what was decided is saved whole. */
import type { Command, Outcome } from '@flashlane/core'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aBatch,
  aCancelOrder,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const LONG_AGO_MS = 10_000

let testDatabase: TestDatabase
const log = pino({ level: 'silent' })

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  await sql`alter table outcomes add constraint refused check (body not like '%order_not_found%')`.execute(
    testDatabase.database.db,
  )
})
afterAll(() => testDatabase.drop())

/** As a worker process of its own would: nothing is shared but the database. */
const apply = (batch: { batchId: string; commands: Command[] }) =>
  applyBatch(createStore(testDatabase.database, log), batch)
const applyNow = async (commands: Command[]): Promise<readonly Outcome[]> =>
  (await apply(aBatch(commands))).outcomes

/** Its outcome is one that the database is told to refuse. */
const aRefused = (productId: number) => aCancelOrder(aPlaceOrder(aPlaceHold(productId)))

/** Each answers what the commands themselves were answered. */
const WAYS = {
  'a batch each': async (commands: Command[]) => {
    const outcomes: Outcome[] = []
    for (const command of commands) outcomes.push(...(await applyNow([command])))
    return outcomes
  },
  'in one batch': applyNow,
  'in one batch with a command that the database refuses': async (commands: Command[]) => {
    const [refused, ...outcomes] = await applyNow([
      aRefused(commands[0]?.productId ?? 0),
      ...commands,
    ])
    expect(refused).toMatchObject({ outcome: 'error' })
    return outcomes
  },
} as const

describe.each(Object.entries(WAYS))('%s', (_, applyAll) => {
  test('a customer’s overdue order, loaded to make room, counts once against his limit', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 7, maxPerCustomer: 12 })
    const his = { customerRef: 'ann', acceptedAtMs: Date.now() - 2 * LONG_AGO_MS }
    const hold = aPlaceHold(productId, { ...his, quantity: 6, ttlMs: -LONG_AGO_MS })
    await applyNow([hold, aPlaceOrder(hold, { ...his, paymentDueMs: -LONG_AGO_MS })])

    // Bob's asks for more than is free, so that all that is due is loaded.
    const outcomes = await applyAll([
      aPlaceHold(productId, { customerRef: 'ann' }),
      aPlaceHold(productId, { customerRef: 'bob' }),
    ])

    expect(outcomes).toMatchObject([{ outcome: 'accepted' }, { outcome: 'accepted' }])
  })
})
