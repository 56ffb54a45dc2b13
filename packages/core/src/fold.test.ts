import { describe, expect, test } from 'vitest'
import {
  aCancelOrder,
  anAdjustStock,
  anExpireDue,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  aReleaseHold,
  aShop,
  givenHold,
  givenOrder,
  ofEntity,
  PRODUCT_ID,
  START_MS,
} from './builders.ts'
import { beginBatch, decideInto, demand, isStored, netChanges } from './fold.ts'
import { QUANTITY_MAX } from './limits.ts'
import { emptyState } from './state.ts'

describe('a batch', () => {
  test('counts one version, and the clock of its product never goes back', () => {
    const state = emptyState()
    state.products.set(PRODUCT_ID, aProduct({ version: 5, appliedAtMs: 1_000 }))

    beginBatch(state, 400)
    expect(state.products.get(PRODUCT_ID)).toMatchObject({ version: 6, appliedAtMs: 1_000 })
    beginBatch(state, 1_700)
    expect(state.products.get(PRODUCT_ID)).toMatchObject({ version: 7, appliedAtMs: 1_700 })
  })

  test('is decided by the product’s clock, not by a reading before it', () => {
    const shop = aShop({ appliedAtMs: START_MS + 5_000 })

    const { outcome } = shop.apply(aPlaceHold({ ttlMs: 10_000 }))

    expect(outcome).toMatchObject({ result: { hold: { expiresAtMs: START_MS + 15_000 } } })
  })

  test('decides each command on what the ones before it left', () => {
    const shop = aShop({ stockTotal: 1 })
    const first = aPlaceHold()

    const decided = shop.applyBatch([first, aReleaseHold(first.holdId), aPlaceHold()])

    expect(decided.map(({ outcome }) => outcome.outcome)).toEqual(Array(3).fill('accepted'))
  })
})

describe('net changes', () => {
  test('one change an entity, from what the database has to what it is to have', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { quantity: 2 })
    const before = { hold: shop.hold(holdId), product: shop.product() }
    const order = aPlaceOrder(holdId)

    const net = netChanges(
      shop.applyBatch([
        order,
        aPayment('succeeded', { orderId: order.orderId, paymentRef: 'first' }),
        aPayment('succeeded', { orderId: order.orderId, paymentRef: 'second' }),
        aPayment('refunded', { orderId: order.orderId, paymentRef: 'second' }),
      ]),
    )

    expect(net.map((change) => change.entity).toSorted()).toEqual(
      ['event', 'event', 'event', 'hold', 'order', 'product', 'refund'].toSorted(),
    )
    expect(ofEntity(net, 'hold')).toMatchObject([
      { before: before.hold, after: { status: 'ordered' } },
    ])
    expect(ofEntity(net, 'product')).toMatchObject([
      { before: { held: 2, sold: 0 }, after: { held: 0, sold: 2 } },
    ])
    expect(ofEntity(net, 'order')).toMatchObject([{ before: null, after: { status: 'paid' } }])
    expect(ofEntity(net, 'refund')).toMatchObject([{ before: null, after: { status: 'done' } }])
  })

  test('what was made and ended within the batch is still made', () => {
    const shop = aShop()
    const hold = aPlaceHold()

    const net = netChanges(shop.applyBatch([hold, aReleaseHold(hold.holdId)]))

    expect(ofEntity(net, 'hold')).toMatchObject([{ before: null, after: { status: 'released' } }])
  })

  test('a batch that changed nothing has none', () => {
    expect(netChanges(aShop({ stockTotal: 0 }).applyBatch([aPlaceHold()]))).toEqual([])
  })
})

describe('demand', () => {
  const shop = aShop({ stockTotal: 50 })
  const holdId = givenHold(shop)
  const orderId = givenOrder(shop, { quantity: 3, paymentRef: 'own' })
  const orderedHold = shop.order(orderId).holdId
  const absent = 'ord_7_00000000000000000000000000'

  test.each([
    ['holds ask for their quantity', [aPlaceHold({ quantity: 2 }), aPlaceHold()], 3],
    ['success by order asks for the order’s', [aPayment('succeeded', { orderId })], 3],
    ['success by hold, too', [aPayment('succeeded', { holdId: orderedHold })], 3],
    ['success by reference, too', [aPayment('succeeded', { paymentRef: 'own' })], 3],
    [
      'success for no order yet may ask for any',
      [aPayment('succeeded', { orderId: absent })],
      QUANTITY_MAX,
    ],
    [
      'a cut of the stock asks for what it takes',
      [anAdjustStock({ delta: -4 }), anAdjustStock({ set: 45 })],
      9,
    ],
    ['more stock asks for none', [anAdjustStock({ delta: 4 }), anAdjustStock({ set: 60 })], 0],
    [
      'failures and refunds ask for none',
      [aPayment('failed', { orderId }), aPayment('refunded', { orderId })],
      0,
    ],
    [
      'nor do orders, releases, cancels and expiry',
      [aPlaceOrder(holdId), aReleaseHold(holdId), aCancelOrder(orderId), anExpireDue([orderId], 1)],
      0,
    ],
    ['nor what another product is asked for', [aPlaceHold({ productId: 8, quantity: 9 })], 0],
  ])('%s', (_, commands, units) => {
    expect(demand(commands, shop.product(), shop.state)).toBe(units)
  })
})

test('an outcome has a row of its own where no hold, order or event tells it', () => {
  const shop = aShop({ stockTotal: 4 })
  const holdId = givenHold(shop)
  const orderId = givenOrder(shop)
  const told = (command: Parameters<typeof shop.tell>[0]) => {
    const { state } = shop
    return isStored(command, decideInto(state, command, shop.nowMs()).outcome)
  }

  expect(told(aPlaceHold())).toBe(false)
  expect(told(aPlaceHold({ quantity: 9 }))).toBe(true)
  expect(told(aPlaceOrder(holdId))).toBe(false)
  expect(told(aPlaceOrder(holdId))).toBe(true)
  expect(told(aReleaseHold(holdId))).toBe(true)
  expect(told(aCancelOrder(orderId))).toBe(true)
  expect(told(anAdjustStock({ delta: 1 }))).toBe(true)
  expect(told(aPayment('succeeded', { orderId }))).toBe(false)
  expect(told(anExpireDue([holdId], 1))).toBe(false)
})
