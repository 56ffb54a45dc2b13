import { describe, expect, test } from 'vitest'
import {
  aCancelOrder,
  anAdjustStock,
  anExpireDue,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aReleaseHold,
  aShop,
  givenHold,
  givenOrder,
  inInbox,
  START_MS,
} from '../builders.ts'
import { EXPIRY_GRACE_MS } from '../limits.ts'
import { eventId } from '../state.ts'

const TTL_MS = 60_000
const GONE_MS = TTL_MS + EXPIRY_GRACE_MS

describe('on command', () => {
  test.each([
    ['a millisecond before the grace is over', GONE_MS - 1, 'active', 1],
    ['when the grace is over', GONE_MS, 'expired', 0],
  ])('a hold, %s', (_, afterMs, status, held) => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: TTL_MS })
    shop.wait(afterMs)

    shop.tell(anExpireDue([holdId], shop.nowMs()))

    expect(shop.hold(holdId).status).toBe(status)
    expect(shop.product().held).toBe(held)
  })

  test('a pending order keeps its units until its own deadline, and no longer', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentDueMs: 900_000, quantity: 2 })
    const look = (afterMs: number) => {
      shop.wait(afterMs)
      shop.tell(anExpireDue([orderId], shop.nowMs()))
      return [shop.order(orderId).status, shop.product().held]
    }

    expect(look(900_000 + EXPIRY_GRACE_MS - 1)).toEqual(['pending', 2])
    expect(look(1)).toEqual(['expired', 0])
  })

  test('judged by its cutoff, not by the clock when it is applied', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: TTL_MS })
    shop.wait(10 * GONE_MS)

    shop.tell(anExpireDue([holdId], START_MS + GONE_MS - 1))
    expect(shop.hold(holdId).status).toBe('active')
    shop.tell(anExpireDue([holdId], START_MS + GONE_MS))
    expect(shop.hold(holdId).status).toBe('expired')
  })

  test('a cutoff ahead of the database’s clock lets nothing go early', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: TTL_MS })

    shop.tell(anExpireDue([holdId], START_MS + 10 * GONE_MS))

    expect(shop.hold(holdId).status).toBe('active')
  })

  test('told twice, or of what ended otherwise, it moves stock once', () => {
    const shop = aShop()
    const expired = givenHold(shop, { ttlMs: TTL_MS })
    const released = givenHold(shop, { ttlMs: TTL_MS })
    const ordered = givenHold(shop, { ttlMs: TTL_MS })
    const order = aPlaceOrder(ordered)
    shop.tell(aReleaseHold(released))
    shop.tell(order)
    const cancelled = givenOrder(shop)
    shop.tell(aCancelOrder(cancelled))
    shop.wait(GONE_MS)
    const ids = [expired, released, ordered, cancelled, expired]

    expect(shop.tell(anExpireDue(ids, shop.nowMs()))).toMatchObject({
      result: { type: 'expired', holds: 1, orders: 0 },
    })
    const again = shop.apply(anExpireDue(ids, shop.nowMs()))

    expect(again.outcome).toMatchObject({ result: { holds: 0, orders: 0 } })
    expect(again.changes).toEqual([])
    expect(shop.product().held).toBe(1)
  })

  test('what it names and nobody knows is passed over', () => {
    expect(
      aShop().apply(anExpireDue(['hold_7_00000000000000000000000000'], START_MS)).changes,
    ).toEqual([])
  })

  test.each(['order id', 'hold id', 'payment reference'])(
    'a payment that waits under the order’s %s is heard before the order expires',
    (name) => {
      const shop = aShop()
      const orderId = givenOrder(shop, { paymentRef: 'own', paymentDueMs: TTL_MS })
      const { holdId } = shop.order(orderId)
      const named = {
        'order id': { orderId },
        'hold id': { holdId },
        'payment reference': { paymentRef: 'own' },
      }[name]
      const waiting = aPayment('succeeded', { ...named, amount: null })
      shop.state.events.set(eventId(waiting), inInbox(waiting))
      shop.wait(10 * GONE_MS)

      const { outcome } = shop.apply(anExpireDue([orderId], shop.nowMs()))

      expect(shop.order(orderId)).toMatchObject({ status: 'paid', latePayment: false })
      expect(outcome).toMatchObject({ result: { holds: 0, orders: 0 } })
      expect(shop.state.events.get(eventId(waiting))?.state).toBe('done')
    },
  )

  test('a waiting refund is recorded, and the order expires all the same', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentDueMs: TTL_MS, paymentRef: 'own' })
    const waiting = aPayment('refunded', { orderId })
    shop.state.events.set(eventId(waiting), inInbox(waiting))
    shop.wait(10 * GONE_MS)

    shop.tell(anExpireDue([orderId], shop.nowMs()))

    expect(shop.order(orderId)).toMatchObject({
      status: 'expired',
      payments: [{ status: 'refunded' }],
    })
    expect(shop.product().held).toBe(0)
  })
})

test('an order that expires hears no event a second time', () => {
  const shop = aShop()
  const orderId = givenOrder(shop, { paymentDueMs: TTL_MS })
  const heard = aPayment('succeeded', { orderId, amount: 1 })
  shop.tell(heard)
  shop.wait(10 * GONE_MS)

  const { given } = shop.apply(anExpireDue([orderId], shop.nowMs()))

  expect(given.events).toEqual([])
  expect(shop.state.events.get(eventId(heard))?.result).toBe('payment_mismatch')
})

describe('lazily, when somebody needs the units', () => {
  test('a buyer after the grace gets what ran out, ahead of the timer', () => {
    const shop = aShop({ stockTotal: 1 })
    const old = givenHold(shop, { ttlMs: TTL_MS })
    shop.wait(GONE_MS)

    const command = aPlaceHold(shop.now())
    const { outcome, given } = shop.apply(command)

    expect(outcome).toMatchObject({ outcome: 'accepted' })
    expect(given.expiredIds).toEqual([old])
    expect(shop.tell(anExpireDue([old], shop.nowMs()))).toMatchObject({ result: { holds: 0 } })
    expect(shop.product().held).toBe(1)
  })

  test('a buyer accepted before the grace was over does not, however late he is applied', () => {
    const shop = aShop({ stockTotal: 1 })
    const old = givenHold(shop, { ttlMs: TTL_MS })
    shop.wait(10 * GONE_MS)

    const early = aPlaceHold({ acceptedAtMs: START_MS + GONE_MS - 1 })

    expect(shop.tell(early)).toMatchObject({ reason: 'insufficient_stock' })
    expect(shop.hold(old).status).toBe('active')
  })

  test('oldest deadline first, holds and orders alike, and only as many as are needed', () => {
    const shop = aShop({ stockTotal: 5 })
    const third = givenHold(shop, { ttlMs: 50_000 })
    const first = givenOrder(shop, { paymentDueMs: 130_000 })
    const fourth = givenOrder(shop, { paymentDueMs: 160_000 })
    shop.wait(90_000)
    const second = givenHold(shop, { ttlMs: 50_000 })
    const notDue = givenHold(shop, { ttlMs: 500_000 })
    shop.wait(200_000)
    const firstThree = [third, first, second]

    const { given } = shop.apply(aPlaceHold({ quantity: 3, ...shop.now() }))

    expect(given.expiredIds).toEqual(firstThree)
    expect(shop.order(fourth).status).toBe('pending')
    expect(shop.hold(notDue).status).toBe('active')
  })

  test('where all that ran out is too little, the buyer is refused with what is free by then', () => {
    const shop = aShop({ stockTotal: 2 })
    givenHold(shop, { ttlMs: TTL_MS })
    givenHold(shop, { ttlMs: 10 * TTL_MS })
    shop.wait(GONE_MS)

    expect(shop.tell(aPlaceHold({ quantity: 2, ...shop.now() }))).toMatchObject({
      reason: 'insufficient_stock',
      facts: { available: 1, requested: 2 },
    })
    expect(shop.product().held).toBe(1)
  })

  test('nothing expires while there is enough', () => {
    const shop = aShop({ stockTotal: 2 })
    const old = givenHold(shop, { ttlMs: TTL_MS })
    shop.state.due.set(shop.product().productId, [old])
    shop.wait(GONE_MS)

    shop.tell(aPlaceHold(shop.now()))

    expect(shop.hold(old).status).toBe('active')
  })

  test('an order whose payment waits is paid, not expired, for a buyer who needs its unit', () => {
    const shop = aShop({ stockTotal: 1 })
    const orderId = givenOrder(shop, { paymentDueMs: TTL_MS })
    const waiting = aPayment('succeeded', { orderId })
    shop.state.events.set(eventId(waiting), inInbox(waiting))
    shop.wait(10 * GONE_MS)

    expect(shop.tell(aPlaceHold(shop.now()))).toMatchObject({ reason: 'insufficient_stock' })
    expect(shop.order(orderId).status).toBe('paid')
  })

  test('a late payment in the batch that cancelled its order finds what ran out, too', () => {
    const shop = aShop({ stockTotal: 3 })
    const old = givenHold(shop, { ttlMs: TTL_MS })
    const order = aPlaceOrder(givenHold(shop, { ttlMs: 10 * TTL_MS }))
    shop.wait(GONE_MS)

    shop.applyBatch([
      order,
      aCancelOrder(order.orderId),
      aPlaceHold({ ...shop.now(), quantity: 2 }),
      aPayment('succeeded', { orderId: order.orderId, ...shop.now() }),
    ])

    expect(shop.order(order.orderId).status).toBe('paid')
    expect(shop.hold(old).status).toBe('expired')
  })

  test('a buyer behind a cut of the stock in the same batch finds what ran out, too', () => {
    const shop = aShop({ stockTotal: 3 })
    const old = givenHold(shop, { ttlMs: TTL_MS })
    shop.wait(GONE_MS)

    const [, second] = shop.applyBatch([anAdjustStock({ set: 1 }), aPlaceHold(shop.now())])

    expect(second?.outcome).toMatchObject({ outcome: 'accepted' })
    expect(shop.hold(old).status).toBe('expired')
  })
})
