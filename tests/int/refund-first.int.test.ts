import { findOrder } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
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

let testDatabase: TestDatabase
beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const PRICE = 4_900

test.each([
  { back: PRICE, owed: [PRICE] },
  { back: 900, owed: [2 * PRICE - 900] },
  { back: null, owed: [] },
])(
  'a refund of $back told batches before a success of twice the price: $owed is owed, once',
  async ({ back, owed }) => {
    const { database } = testDatabase
    const productId = await aProduct(database, { stock: 1 })
    const hold = aPlaceHold(productId)
    const order = aPlaceOrder(hold, { paymentRef: `pi_${aBatchId()}` })
    const { orderId, paymentRef } = order
    const tell = (amount: number | null, kind: 'succeeded' | 'refunded') =>
      aPayment(productId, { orderId, paymentRef, amount, currency: 'USD', kind })
    const success = tell(2 * PRICE, 'succeeded')
    const store = createStore(database, pino({ level: 'silent' }))

    for (const command of [hold, order, tell(back, 'refunded'), success, success]) {
      await applyBatch(store, aBatch([command]))
    }

    const book = await findOrder(database, orderId)
    expect(book?.order).toMatchObject({ status: 'pending', payments: [{ amount: 2 * PRICE }] })
    expect(book?.refunds.map(({ amount }) => amount)).toEqual(owed)
  },
)
