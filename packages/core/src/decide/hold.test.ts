import { expect, test } from 'vitest'
import {
  aPlaceHold,
  aPlaceOrder,
  aReleaseHold,
  aShop,
  givenHold,
  PRICE,
  START_MS,
} from '../builders.ts'

test('two buyers of the last unit: the first in the lane holds it, the other is told insufficient_stock', () => {
  const shop = aShop({ stockTotal: 1 })

  const [first, second] = shop.applyBatch([aPlaceHold(), aPlaceHold()])

  expect(first?.outcome).toMatchObject({ outcome: 'accepted', result: { type: 'hold' } })
  expect(second?.outcome).toMatchObject({
    outcome: 'refused',
    reason: 'insufficient_stock',
    facts: { available: 0, requested: 1 },
  })
  expect(second?.changes).toEqual([])
})

test('more than is left is refused with what is left', () => {
  const shop = aShop({ stockTotal: 3 })

  expect(shop.tell(aPlaceHold({ quantity: 4 }))).toMatchObject({
    reason: 'insufficient_stock',
    facts: { available: 3, requested: 4 },
  })
  expect(shop.tell(aPlaceHold({ quantity: 3 }))).toMatchObject({ outcome: 'accepted' })
})

test('the whole time to live is counted from when the hold is applied, however long the queue was', () => {
  const shop = aShop()
  shop.wait(30_000)

  const outcome = shop.tell(aPlaceHold({ ttlMs: 60_000, acceptedAtMs: START_MS }))

  expect(outcome).toMatchObject({
    result: { hold: { expiresAtMs: START_MS + 90_000, expiresInMs: 60_000, status: 'active' } },
  })
})

test('a hold keeps the price and the currency of its time', () => {
  const shop = aShop()
  const holdId = givenHold(shop, { quantity: 2 })
  shop.state.products.set(shop.product().productId, {
    ...shop.product(),
    price: 9,
    currency: 'EUR',
  })

  const order = aPlaceOrder(holdId)

  expect(shop.tell(order)).toMatchObject({
    result: { order: { amount: 2 * PRICE, currency: 'USD' } },
  })
})

test('a released hold gives its units back once, and says the same when it is released again', () => {
  const shop = aShop()
  const holdId = givenHold(shop, { quantity: 3 })

  const first = shop.tell(aReleaseHold(holdId))
  const second = shop.apply(aReleaseHold(holdId))

  expect(first).toMatchObject({ result: { hold: { status: 'released' } } })
  expect(second.outcome).toMatchObject({ result: { hold: { status: 'released' } } })
  expect(second.changes).toEqual([])
  expect(shop.product().held).toBe(0)
})

test('a hold that became an order is not released', () => {
  const shop = aShop()
  const holdId = givenHold(shop)
  const order = aPlaceOrder(holdId)
  shop.tell(order)

  expect(shop.tell(aReleaseHold(holdId))).toMatchObject({
    reason: 'hold_converted',
    facts: { order_id: order.orderId },
  })
  expect(shop.product().held).toBe(1)
})

test('a hold that nobody placed is not found', () => {
  expect(aShop().tell(aReleaseHold('hold_7_00000000000000000000000000'))).toMatchObject({
    reason: 'hold_not_found',
  })
})
