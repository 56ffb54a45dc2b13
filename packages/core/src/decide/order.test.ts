import { describe, expect, test } from 'vitest'
import {
  aCancelOrder,
  anExpireDue,
  aPayment,
  aPlaceOrder,
  aReleaseHold,
  aShop,
  givenHold,
  givenOrder,
  PRICE,
  START_MS,
} from '../builders.ts'

describe('placing', () => {
  test('an order takes its hold’s units over, at the hold’s price', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { quantity: 3 })
    const command = aPlaceOrder(holdId, { paymentDueMs: 600_000 })

    expect(shop.tell(command)).toMatchObject({
      result: {
        order: {
          status: 'pending',
          quantity: 3,
          amount: 3 * PRICE,
          paymentDueAtMs: START_MS + 600_000,
        },
      },
    })
    expect(shop.hold(holdId)).toMatchObject({ status: 'ordered', orderId: command.orderId })
    expect(shop.product()).toMatchObject({ held: 3, sold: 0 })
  })

  test('a hold is good for one order: the second is told whose it is', () => {
    const shop = aShop()
    const holdId = givenHold(shop)
    const first = aPlaceOrder(holdId)
    shop.tell(first)

    expect(shop.tell(aPlaceOrder(holdId))).toMatchObject({
      reason: 'hold_used',
      facts: { order_id: first.orderId },
    })
  })

  test('an order sent right behind its hold is applied after it', () => {
    const shop = aShop({ stockTotal: 0 })

    expect(shop.tell(aPlaceOrder(givenHold(shop)))).toMatchObject({ reason: 'hold_not_found' })
  })

  test('accepted a millisecond before the hold ran out, it is honoured twenty seconds later', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: 60_000 })
    shop.wait(80_000)

    const timely = aPlaceOrder(holdId, { acceptedAtMs: START_MS + 59_999 })

    expect(shop.tell(timely)).toMatchObject({ result: { order: { status: 'pending' } } })
  })

  test('accepted in the millisecond in which the hold ran out, it is late', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: 60_000 })
    shop.wait(60_000)

    expect(shop.tell(aPlaceOrder(holdId, shop.now()))).toMatchObject({ reason: 'hold_expired' })
  })

  test('an api whose clock runs ahead does not make a timely order late', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: 60_000 })
    shop.wait(59_999)

    const command = aPlaceOrder(holdId, { acceptedAtMs: START_MS + 60_400 })

    expect(shop.tell(command)).toMatchObject({ outcome: 'accepted' })
  })

  test.each([
    ['released', 'hold_released'],
    ['expired', 'hold_expired'],
  ] as const)('a hold that was %s is not ordered: %s', (end, reason) => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: 3_000 })
    if (end === 'released') shop.tell(aReleaseHold(holdId))
    shop.wait(5_000)
    shop.tell(anExpireDue([holdId], shop.nowMs()))

    expect(shop.tell(aPlaceOrder(holdId))).toMatchObject({ reason })
  })

  test('another customer’s hold is not there, rather than forbidden', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { customerRef: 'ann' })

    expect(shop.tell(aPlaceOrder(holdId, { customerRef: 'bob' }))).toMatchObject({
      reason: 'hold_not_found',
    })
    expect(shop.tell(aPlaceOrder(holdId, { customerRef: 'ann' }))).toMatchObject({
      outcome: 'accepted',
    })
  })

  test('the order has until its hold would have run out, though payment is due before', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: 3_600_000 })

    expect(shop.tell(aPlaceOrder(holdId, { paymentDueMs: 1_000 }))).toMatchObject({
      result: { order: { paymentDueAtMs: START_MS + 3_600_000 } },
    })
  })

  test('cash on delivery is confirmed at once: sold, with no deadline', () => {
    const shop = aShop()

    const orderId = givenOrder(shop, { payment: 'cash_on_delivery', quantity: 2 })

    expect(shop.order(orderId)).toMatchObject({ status: 'confirmed', paymentDueAtMs: null })
    expect(shop.product()).toMatchObject({ held: 0, sold: 2 })
  })

  test.each(['in this lane', 'in another'])(
    'a payment reference belongs to the first order that names it, %s',
    (where) => {
      const shop = aShop()
      if (where === 'in this lane') givenOrder(shop, { paymentRef: 'pi_1' })
      else shop.state.referenceOwners.set('pi_1', { orderId: 'ord_8_x', status: 'named' })
      const holdId = givenHold(shop)

      expect(shop.tell(aPlaceOrder(holdId, { paymentRef: 'pi_1' }))).toMatchObject({
        reason: 'payment_ref_used',
      })
      expect(shop.hold(holdId).status).toBe('active')
    },
  )

  test('a reference that paid an order, named by nobody, belongs to it too', () => {
    const shop = aShop()
    shop.tell(aPayment('succeeded', { orderId: givenOrder(shop), paymentRef: 'pi_1' }))

    expect(shop.tell(aPlaceOrder(givenHold(shop), { paymentRef: 'pi_1' }))).toMatchObject({
      reason: 'payment_ref_used',
    })
  })
})

describe('cancelling', () => {
  test('a pending order gives its units back, once', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { quantity: 2 })

    expect(shop.tell(aCancelOrder(orderId))).toMatchObject({
      result: { order: { status: 'cancelled' } },
    })
    const again = shop.apply(aCancelOrder(orderId))

    expect(again.outcome).toMatchObject({ result: { order: { status: 'cancelled' } } })
    expect(again.changes).toEqual([])
    expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
  })

  test('a confirmed order is sold back', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { payment: 'cash_on_delivery', quantity: 2 })

    shop.tell(aCancelOrder(orderId))

    expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
  })

  test('a paid order is not cancelled', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    shop.tell(aPayment('succeeded', { orderId }))

    expect(shop.tell(aCancelOrder(orderId))).toMatchObject({ reason: 'order_paid' })
    expect(shop.product().sold).toBe(1)
  })

  test('an order that nobody placed is not found', () => {
    expect(aShop().tell(aCancelOrder('ord_7_00000000000000000000000000'))).toMatchObject({
      reason: 'order_not_found',
    })
  })
})
