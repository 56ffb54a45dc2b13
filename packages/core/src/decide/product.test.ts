import { expect, test } from 'vitest'
import {
  aChangeProduct,
  anExtendHold,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aSettleRefund,
  aCancelOrder,
  aReleaseHold,
  aShop,
  anId,
  customerIn,
  givenHold,
  givenOrder,
  ofEntity,
  PRODUCT_ID,
  START_MS,
} from '../builders.ts'
import { customerKey } from '../state.ts'
import { decide } from './decide.ts'

test('a hold that was accepted before the sale begins is refused with its beginning, though it is applied later', () => {
  const shop = aShop({ saleStartsAtMs: START_MS + 1_000 })
  shop.wait(5_000)

  expect(shop.tell(aPlaceHold({ acceptedAtMs: START_MS + 999 }))).toMatchObject({
    reason: 'sale_not_started',
    facts: { starts_at_ms: START_MS + 1_000 },
  })
  expect(shop.tell(aPlaceHold({ acceptedAtMs: START_MS + 1_000 })).outcome).toBe('accepted')
})

test('a hold that was accepted before the sale ends is granted, though it is applied later', () => {
  const shop = aShop({ saleEndsAtMs: START_MS + 1_000 })
  shop.wait(5_000)

  expect(shop.tell(aPlaceHold({ acceptedAtMs: START_MS + 999 })).outcome).toBe('accepted')
  expect(shop.tell(aPlaceHold({ acceptedAtMs: START_MS + 1_000 }))).toMatchObject({
    reason: 'sale_ended',
    facts: { ends_at_ms: START_MS + 1_000 },
  })
})

test('what was held in time is ordered and paid after the sale has ended', () => {
  const shop = aShop({ saleEndsAtMs: START_MS + 1_000 })
  const holdId = givenHold(shop)
  shop.wait(5_000)
  const order = aPlaceOrder(holdId, shop.now())

  expect(shop.tell(order).outcome).toBe('accepted')
  shop.tell(aPayment('succeeded', { ...shop.now(), orderId: order.orderId }))

  expect(shop.order(order.orderId).status).toBe('paid')
})

test('a paused product takes no holds, and its orders and payments pass', () => {
  const shop = aShop()
  const holdId = givenHold(shop)
  shop.tell(aChangeProduct({ isPaused: true }))
  const order = aPlaceOrder(holdId)

  expect(shop.tell(aPlaceHold())).toMatchObject({ reason: 'product_paused' })
  expect(shop.tell(order).outcome).toBe('accepted')
  shop.tell(aPayment('succeeded', { orderId: order.orderId }))
  expect(shop.order(order.orderId).status).toBe('paid')

  shop.tell(aChangeProduct({ isPaused: false }))
  expect(shop.tell(aPlaceHold()).outcome).toBe('accepted')
})

test('a price that changes in the middle of a batch counts for the commands behind it', () => {
  const shop = aShop({ price: 50 })
  const before = aPlaceHold()
  const after = aPlaceHold()

  shop.applyBatch([before, aChangeProduct({ price: 70 }), after])

  expect(shop.hold(before.holdId).unitPrice).toBe(50)
  expect(shop.hold(after.holdId).unitPrice).toBe(70)
  expect(shop.product().price).toBe(70)
})

test('a sale that would end before it begins is refused, and nothing is changed', () => {
  const shop = aShop({ saleStartsAtMs: START_MS })

  const outcome = shop.tell(aChangeProduct({ saleEndsAtMs: START_MS, price: 1 }))

  expect(outcome).toMatchObject({ reason: 'sale_window_empty' })
  expect(shop.product()).toMatchObject({ saleEndsAtMs: null, price: 50 })
})

test('more than a hold may have is refused', () => {
  const shop = aShop({ maxPerHold: 2 })

  expect(shop.tell(aPlaceHold({ quantity: 3 }))).toMatchObject({
    reason: 'quantity_above_limit',
    facts: { limit: 2 },
  })
  expect(shop.tell(aPlaceHold({ quantity: 2 })).outcome).toBe('accepted')
})

test('a product with a limit for each customer wants to know who he is', () => {
  const shop = aShop({ maxPerCustomer: 2 })

  expect(shop.tell(aPlaceHold())).toMatchObject({ reason: 'customer_ref_required' })
})

test('a customer’s holds, pending and paid orders count together, and another’s do not', () => {
  const shop = aShop({ maxPerCustomer: 3 })
  const his = { customerRef: 'ann' }
  shop.tell(aPlaceHold(his))
  const pending = aPlaceHold(his)
  const paid = aPlaceHold(his)
  shop.applyBatch([pending, paid])
  const order = aPlaceOrder(paid.holdId)
  shop.applyBatch([aPlaceOrder(pending.holdId), order])
  shop.tell(aPayment('succeeded', { orderId: order.orderId }))

  expect(shop.tell(aPlaceHold(his))).toMatchObject({
    reason: 'customer_limit',
    facts: { limit: 3, used: 3 },
  })
  expect(shop.tell(aPlaceHold({ customerRef: 'bob', quantity: 3 })).outcome).toBe('accepted')
})

test('what a customer gave back counts no more, in the same batch already', () => {
  const shop = aShop({ maxPerCustomer: 1 })
  const his = { customerRef: 'ann' }
  const first = aPlaceHold(his)
  const second = aPlaceHold(his)
  const order = aPlaceOrder(second.holdId)
  const third = aPlaceHold(his)

  const decided = shop.applyBatch([
    first,
    aReleaseHold(first.holdId),
    second,
    order,
    aPlaceHold(his),
    aCancelOrder(order.orderId),
    third,
  ])

  expect(decided.map(({ outcome }) => outcome.outcome)).toEqual([
    'accepted',
    'accepted',
    'accepted',
    'accepted',
    'refused',
    'accepted',
    'accepted',
  ])
})

test('a limit that comes into force in the middle of a batch counts what the customer had before', () => {
  const shop = aShop()
  shop.tell(aPlaceHold({ customerRef: 'ann', quantity: 2 }))

  const decided = shop.applyBatch([
    aChangeProduct({ maxPerCustomer: 2 }),
    aPlaceHold({ customerRef: 'ann' }),
  ])

  expect(decided[1]?.outcome).toMatchObject({ reason: 'customer_limit', facts: { used: 2 } })
})

test('a hold that may be partial gets what is left, and says what was asked for', () => {
  const shop = aShop({ stockTotal: 3 })

  expect(shop.tell(aPlaceHold({ quantity: 5, allowPartial: true }))).toMatchObject({
    result: { hold: { quantity: 3, requestedQuantity: 5 } },
  })
  expect(shop.tell(aPlaceHold({ quantity: 5, allowPartial: true }))).toMatchObject({
    reason: 'insufficient_stock',
    facts: { available: 0, requested: 5 },
  })
})

test('a replacing hold takes the place of all that the customer holds of the product', () => {
  const shop = aShop({ stockTotal: 3 })
  const old = givenHold(shop, { customerRef: 'ann', quantity: 2 })
  const others = givenHold(shop, { customerRef: 'bob', quantity: 1 })

  const command = aPlaceHold({ customerRef: 'ann', quantity: 2, replaceExisting: true })

  expect(shop.tell(command).outcome).toBe('accepted')
  expect(shop.hold(old).status).toBe('released')
  expect(shop.hold(others).status).toBe('active')
  expect(shop.product().held).toBe(3)
})

test('where a replacing hold is refused, the old one stays', () => {
  const shop = aShop({ stockTotal: 3, maxPerCustomer: 5 })
  const old = givenHold(shop, { customerRef: 'ann', quantity: 2 })
  const his = { customerRef: 'ann', replaceExisting: true } as const

  expect(shop.tell(aPlaceHold({ ...his, quantity: 4 }))).toMatchObject({
    reason: 'insufficient_stock',
    facts: { available: 1 },
  })
  expect(shop.tell(aPlaceHold({ ...his, quantity: 6 })).outcome).toBe('refused')
  expect(shop.hold(old).status).toBe('active')
  expect(shop.product().held).toBe(2)
})

test('a replacing hold gets room from others’ overdue holds, though what it replaces is overdue too', () => {
  const shop = aShop({ stockTotal: 3 })
  const own = givenHold(shop, { customerRef: 'ann', quantity: 2, ttlMs: 3_000 })
  const others = givenHold(shop, { customerRef: 'bob', quantity: 1, ttlMs: 4_000 })
  shop.wait(10_000)
  const replacing = {
    ...shop.now(),
    customerRef: 'ann',
    quantity: 3,
    replaceExisting: true,
  } as const

  expect(shop.tell(aPlaceHold(replacing)).outcome).toBe('accepted')
  expect(shop.hold(own).status).toBe('released')
  expect(shop.hold(others).status).toBe('expired')
})

test('a replacing hold expires nobody else’s where what it replaces is enough', () => {
  const shop = aShop({ stockTotal: 3 })
  givenHold(shop, { customerRef: 'ann', quantity: 2 })
  const others = givenHold(shop, { customerRef: 'bob', quantity: 1, ttlMs: 4_000 })
  shop.wait(10_000)
  const replacing = {
    ...shop.now(),
    customerRef: 'ann',
    quantity: 2,
    replaceExisting: true,
  } as const

  expect(shop.tell(aPlaceHold(replacing)).outcome).toBe('accepted')
  expect(shop.hold(others).status).toBe('active')
})

test('where a replacing hold is refused, the old one stays even if it is overdue', () => {
  const shop = aShop({ stockTotal: 2 })
  const own = givenHold(shop, { customerRef: 'ann', quantity: 2, ttlMs: 3_000 })
  shop.wait(10_000)
  const replacing = {
    ...shop.now(),
    customerRef: 'ann',
    quantity: 3,
    replaceExisting: true,
  } as const

  expect(shop.tell(aPlaceHold(replacing))).toMatchObject({ reason: 'insufficient_stock' })
  expect(shop.hold(own).status).toBe('active')
})

test('what a replacing hold changes does not depend on the order in which the customer’s holds were loaded', () => {
  const changesWith = (reverse: boolean) => {
    const shop = aShop()
    for (const number of [1, 2, 3]) {
      shop.tell(aPlaceHold({ customerRef: 'ann', holdId: anId('hold', number) }))
    }
    const command = aPlaceHold({ customerRef: 'ann', replaceExisting: true })
    const customer = customerIn(shop.state, PRODUCT_ID, 'ann')
    const ids = reverse ? customer.activeHoldIds.toReversed() : customer.activeHoldIds
    shop.state.customers.set(customerKey(PRODUCT_ID, 'ann'), { ...customer, activeHoldIds: ids })
    return ofEntity(decide(command, shop.state, START_MS).changes, 'hold').map(
      ({ after }) => after.status + after.holdId.slice(-1),
    )
  }

  expect(changesWith(true).slice(0, 3)).toEqual(['released1', 'released2', 'released3'])
  expect(changesWith(false).slice(0, 3)).toEqual(['released1', 'released2', 'released3'])
})

test('a replacing hold is measured without what it replaces', () => {
  const shop = aShop({ maxPerCustomer: 2 })
  givenHold(shop, { customerRef: 'ann', quantity: 2 })

  const command = aPlaceHold({ customerRef: 'ann', quantity: 2, replaceExisting: true })

  expect(shop.tell(command).outcome).toBe('accepted')
})

test('an extended hold ends so much after the extension, but not past its lifetime', () => {
  const shop = aShop()
  const holdId = givenHold(shop, { ttlMs: 120_000 })
  shop.wait(100_000)

  expect(shop.tell(anExtendHold(holdId, { ...shop.now(), extendMs: 60_000 }))).toMatchObject({
    result: { hold: { expiresAtMs: START_MS + 160_000, expiresInMs: 60_000 } },
  })
  shop.tell(anExtendHold(holdId, { ...shop.now(), extendMs: 3_600_000 }))

  expect(shop.hold(holdId).expiresAtMs).toBe(START_MS + 600_000)
})

test('an extension never brings the end nearer', () => {
  const shop = aShop()
  const holdId = givenHold(shop, { ttlMs: 120_000 })

  shop.tell(anExtendHold(holdId, { extendMs: 1_000 }))

  expect(shop.hold(holdId).expiresAtMs).toBe(START_MS + 120_000)
})

test('a hold is extended so many times, and not when it is over', () => {
  const shop = aShop()
  const often = givenHold(shop)
  const late = givenHold(shop)
  const ordered = givenHold(shop)
  shop.tell(aPlaceOrder(ordered))
  for (let times = 0; times < 2; times++) {
    expect(shop.tell(anExtendHold(often)).outcome).toBe('accepted')
  }
  shop.wait(120_000)

  expect(shop.tell(anExtendHold(often, shop.now()))).toMatchObject({ reason: 'hold_expired' })
  expect(shop.tell(anExtendHold(often))).toMatchObject({
    reason: 'extend_limit',
    facts: { limit: 2 },
  })
  expect(shop.tell(anExtendHold(late, shop.now()))).toMatchObject({ reason: 'hold_expired' })
  expect(shop.tell(anExtendHold(ordered))).toMatchObject({ reason: 'hold_converted' })
})

test('an operator who gave late money back closes its refund and its order, once', () => {
  const shop = aShop({ stockTotal: 1 })
  const orderId = givenOrder(shop)
  shop.tell(aCancelOrder(orderId))
  givenHold(shop)
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'pi_1' }))
  const [refund] = shop.refunds()
  if (!refund) throw new Error('no refund is due')

  expect(shop.tell(aSettleRefund(refund, 'sent'))).toMatchObject({
    result: { type: 'refund', refund: { status: 'sent' } },
  })
  expect(shop.order(orderId).status).toBe('refund_due')
  shop.tell(aSettleRefund(refund, 'done'))
  expect(shop.order(orderId)).toMatchObject({ status: 'refunded' })
  expect(shop.tell(aSettleRefund(refund, 'sent'))).toMatchObject({
    result: { refund: { status: 'done' } },
  })
  expect(shop.tell(aPayment('refunded', { orderId, paymentRef: 'pi_1' }))).toMatchObject({
    result: { result: 'ignored' },
  })
})

test('a second payment that an operator gave back leaves an order whose own money is still due', () => {
  const shop = aShop({ stockTotal: 1 })
  const orderId = givenOrder(shop)
  shop.tell(aCancelOrder(orderId))
  givenHold(shop)
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'second' }))
  const second = shop.refunds().find(({ reference }) => reference === 'second')
  if (!second) throw new Error('no second refund is due')

  shop.tell(aSettleRefund(second, 'done'))

  expect(shop.order(orderId)).toMatchObject({
    status: 'refund_due',
    payments: [{ status: 'refund_due' }, { status: 'refunded' }],
  })
})

test('a refund is settled under its own order only, whatever else the batch has loaded', () => {
  const shop = aShop({ stockTotal: 1 })
  const orderId = givenOrder(shop)
  shop.tell(aCancelOrder(orderId))
  const other = givenOrder(shop)
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'pi_1' }))
  const [refund] = shop.refunds()
  if (!refund) throw new Error('no refund is due')

  const outcome = shop.tell(aSettleRefund({ ...refund, orderId: other }, 'done'))

  expect(outcome).toMatchObject({ reason: 'refund_not_found' })
  expect(shop.refunds()).toMatchObject([{ status: 'due' }])
})
