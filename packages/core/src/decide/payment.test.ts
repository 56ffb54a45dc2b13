import { describe, expect, test } from 'vitest'
import {
  aCancelOrder,
  aHash,
  anAdjustStock,
  anExpireDue,
  anId,
  aPayment,
  aPlaceOrder,
  aShop,
  givenHold,
  givenOrder,
  inInbox,
  PRICE,
  refundsOf,
  type Shop,
} from '../builders.ts'
import type { OrderStatus, PaymentResult } from '../state.ts'
import { eventId } from '../state.ts'

const DAY_MS = 86_400_000

/** Each leaves one order of two units whose own payment is `own`, in a shop of four units. */
const givenPending = (shop: Shop): string => givenOrder(shop, { quantity: 2, paymentRef: 'own' })

function givenPaid(shop: Shop): string {
  const orderId = givenPending(shop)
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))
  return orderId
}

const givenConfirmed = (shop: Shop): string =>
  givenOrder(shop, { quantity: 2, paymentRef: 'own', payment: 'cash_on_delivery' })

function givenCancelled(shop: Shop): string {
  const orderId = givenPending(shop)
  shop.tell(aCancelOrder(orderId))
  return orderId
}

function givenExpired(shop: Shop): string {
  const orderId = givenPending(shop)
  shop.wait(DAY_MS)
  shop.tell(anExpireDue([orderId], shop.nowMs()))
  return orderId
}

function givenRefundDue(shop: Shop): string {
  const orderId = givenExpired(shop)
  shop.tell(anAdjustStock({ set: 0 }))
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))
  shop.tell(anAdjustStock({ set: 4 }))
  return orderId
}

function givenRefunded(shop: Shop): string {
  const orderId = givenPaid(shop)
  shop.tell(aPayment('refunded', { orderId, paymentRef: 'own' }))
  return orderId
}

const GIVEN: Record<OrderStatus, (shop: Shop) => string> = {
  pending: givenPending,
  paid: givenPaid,
  confirmed: givenConfirmed,
  cancelled: givenCancelled,
  expired: givenExpired,
  refund_due: givenRefundDue,
  refunded: givenRefunded,
}

const EVENT = {
  'success, same payment': { kind: 'succeeded', paymentRef: 'own' },
  'success, another payment': { kind: 'succeeded', paymentRef: 'another' },
  failed: { kind: 'failed', paymentRef: 'own' },
  'failed, kept until due': { kind: 'failed', paymentRef: 'own', releaseOnFailure: false },
  'failed, another payment': { kind: 'failed', paymentRef: 'another' },
  refunded: { kind: 'refunded', paymentRef: 'own' },
  'refunded, to restock': { kind: 'refunded', paymentRef: 'own', restockOnRefund: true },
  'refunded, another payment': { kind: 'refunded', paymentRef: 'another' },
} as const

type Cell = readonly [
  event: keyof typeof EVENT,
  order: OrderStatus,
  stock: 'enough' | 'sold out',
  result: PaymentResult,
  after: OrderStatus,
  counters: string,
  refunds: readonly string[],
]

/** The payment table: one line a cell, held/sold of four units afterwards, and every refund. */
// biome-ignore format: a table reads by its columns
const TABLE: readonly Cell[] = [
  ['success, same payment', 'pending', 'enough', 'applied', 'paid', '0/2', []],
  ['success, same payment', 'paid', 'enough', 'ignored', 'paid', '0/2', []],
  ['success, same payment', 'confirmed', 'enough', 'applied', 'paid', '0/2', []],
  ['success, same payment', 'cancelled', 'enough', 'late_retaken', 'paid', '0/2', []],
  ['success, same payment', 'cancelled', 'sold out', 'refund_due', 'refund_due', '0/0', ['own due']],
  ['success, same payment', 'expired', 'enough', 'late_retaken', 'paid', '0/2', []],
  ['success, same payment', 'expired', 'sold out', 'refund_due', 'refund_due', '0/0', ['own due']],
  ['success, same payment', 'refund_due', 'enough', 'ignored', 'refund_due', '0/0', ['own due']],
  ['success, same payment', 'refunded', 'enough', 'ignored', 'refunded', '0/2', []],

  ['success, another payment', 'pending', 'enough', 'applied', 'paid', '0/2', []],
  ['success, another payment', 'paid', 'enough', 'refund_due', 'paid', '0/2', ['another due']],
  ['success, another payment', 'confirmed', 'enough', 'refund_due', 'confirmed', '0/2', ['another due']],
  ['success, another payment', 'cancelled', 'enough', 'late_retaken', 'paid', '0/2', []],
  ['success, another payment', 'cancelled', 'sold out', 'refund_due', 'refund_due', '0/0', ['another due']],
  ['success, another payment', 'expired', 'enough', 'late_retaken', 'paid', '0/2', []],
  ['success, another payment', 'expired', 'sold out', 'refund_due', 'refund_due', '0/0', ['another due']],
  ['success, another payment', 'refund_due', 'enough', 'refund_due', 'refund_due', '0/0', ['own due', 'another due']],
  ['success, another payment', 'refunded', 'enough', 'refund_due', 'refunded', '0/2', ['another due']],

  ['failed', 'pending', 'enough', 'applied', 'cancelled', '0/0', []],
  ['failed', 'paid', 'enough', 'ignored', 'paid', '0/2', []],
  ['failed', 'confirmed', 'enough', 'ignored', 'confirmed', '0/2', []],
  ['failed', 'cancelled', 'enough', 'ignored', 'cancelled', '0/0', []],
  ['failed', 'expired', 'enough', 'ignored', 'expired', '0/0', []],
  ['failed', 'refund_due', 'enough', 'ignored', 'refund_due', '0/0', ['own due']],
  ['failed', 'refunded', 'enough', 'ignored', 'refunded', '0/2', []],
  ['failed, kept until due', 'pending', 'enough', 'ignored', 'pending', '2/0', []],
  ['failed, another payment', 'pending', 'enough', 'ignored', 'pending', '2/0', []],

  ['refunded', 'pending', 'enough', 'applied', 'pending', '2/0', []],
  ['refunded', 'paid', 'enough', 'applied', 'refunded', '0/2', []],
  ['refunded', 'confirmed', 'enough', 'applied', 'refunded', '0/2', []],
  ['refunded', 'cancelled', 'enough', 'applied', 'cancelled', '0/0', []],
  ['refunded', 'expired', 'enough', 'applied', 'expired', '0/0', []],
  ['refunded', 'refund_due', 'enough', 'applied', 'refunded', '0/0', ['own done']],
  ['refunded', 'refunded', 'enough', 'ignored', 'refunded', '0/2', []],
  ['refunded, to restock', 'paid', 'enough', 'applied', 'refunded', '0/0', []],
  ['refunded, to restock', 'confirmed', 'enough', 'applied', 'refunded', '0/0', []],
  ['refunded, to restock', 'refund_due', 'enough', 'applied', 'refunded', '0/0', ['own done']],
  ['refunded, to restock', 'refunded', 'enough', 'ignored', 'refunded', '0/2', []],
  ['refunded, another payment', 'pending', 'enough', 'applied', 'pending', '2/0', []],
  ['refunded, another payment', 'paid', 'enough', 'applied', 'paid', '0/2', []],
  ['refunded, another payment', 'confirmed', 'enough', 'applied', 'confirmed', '0/2', []],
  ['refunded, another payment', 'refund_due', 'enough', 'applied', 'refund_due', '0/0', ['own due']],
]

const payment = (result: PaymentResult, orderId: string | null, status: OrderStatus | null) => ({
  outcome: 'accepted',
  result: { type: 'payment', result, orderId, orderStatus: status },
})

describe('the payment table', () => {
  test.each(TABLE)('%s on %s (%s): %s, order %s, held/sold %s', (...cell) => {
    const [event, status, stock, result, after, counters, refunds] = cell
    const shop = aShop({ stockTotal: 4 })
    const orderId = GIVEN[status](shop)
    if (stock === 'sold out') shop.tell(anAdjustStock({ set: 0 }))
    const { kind, ...named } = EVENT[event]

    const outcome = shop.tell(aPayment(kind, { orderId, ...named }))

    expect(outcome).toMatchObject(payment(result, orderId, after))
    expect(shop.order(orderId).status).toBe(after)
    expect(`${shop.product().held}/${shop.product().sold}`).toBe(counters)
    expect(refundsOf(shop)).toEqual(refunds)
  })

  test.each(Object.keys(EVENT) as (keyof typeof EVENT)[])(
    '%s before its order is there: parked, and nothing moves',
    (event) => {
      const shop = aShop({ stockTotal: 4 })
      const { kind, ...named } = EVENT[event]
      const command = aPayment(kind, { orderId: anId('ord', 999_999), ...named })

      const outcome = shop.tell(command)

      expect(outcome).toMatchObject(payment('parked', null, null))
      expect(shop.state.events.get(eventId(command))?.state).toBe('parked')
      expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
      expect(refundsOf(shop)).toEqual([])
    },
  )

  test('a kind that nobody knows is ignored, with an order or without', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)

    expect(shop.tell(aPayment('other', { orderId }))).toMatchObject(
      payment('ignored', orderId, 'pending'),
    )
    expect(shop.tell(aPayment('other', { paymentRef: 'nobody' }))).toMatchObject(
      payment('ignored', null, null),
    )
  })
})

const order = () => aPlaceOrder('', { paymentRef: 'own' })

describe('events that come before their order', () => {
  const names = {
    order_id: ({ orderId }: { orderId: string }) => ({ orderId }),
    hold_id: ({ holdId }: { holdId: string }) => ({ holdId }),
    'payment reference': () => ({ paymentRef: 'own' }),
  }

  test.each(Object.entries(names))('matched by %s, the order is born paid', (_, name) => {
    const shop = aShop()
    const holdId = givenHold(shop)
    const command = { ...order(), holdId }
    const parked = aPayment('succeeded', name(command))
    shop.state.events.set(eventId(parked), inInbox(parked))

    const outcome = shop.tell(command)

    expect(outcome).toMatchObject({ result: { order: { status: 'paid' } } })
    expect(shop.order(command.orderId).bornStatus).toBe('paid')
    expect(shop.product()).toMatchObject({ held: 0, sold: 1 })
    expect(shop.state.events.get(eventId(parked))).toMatchObject({
      state: 'done',
      result: 'applied',
      orderId: command.orderId,
    })
  })

  test('a parked failure: the order is born cancelled and its units are free', () => {
    const shop = aShop()
    const command = { ...order(), holdId: givenHold(shop) }
    shop.tell(aPayment('failed', { orderId: command.orderId }))

    expect(shop.tell(command)).toMatchObject({ result: { order: { status: 'cancelled' } } })
    expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
  })

  test('they are applied in order of arrival, whatever order they are stored in', () => {
    const shop = aShop()
    const command = { ...order(), holdId: givenHold(shop) }
    const { orderId } = command
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'late', acceptedAtMs: 30 }))
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'early', acceptedAtMs: 10 }))
    shop.tell(aPayment('failed', { orderId, paymentRef: 'own', acceptedAtMs: 20 }))

    shop.tell(command)

    const { payments, ownPayment, status } = shop.order(orderId)
    expect(status).toBe('paid')
    expect(payments[ownPayment ?? -1]?.reference).toBe('early')
    expect(refundsOf(shop)).toEqual(['late due'])
  })

  test('a parked refund before its parked success: the order waits, and that payment pays nothing', () => {
    const shop = aShop()
    const command = { ...order(), holdId: givenHold(shop) }
    shop.tell(aPayment('refunded', { orderId: command.orderId, paymentRef: 'own' }))
    shop.tell(aPayment('succeeded', { orderId: command.orderId, paymentRef: 'own' }))

    expect(shop.tell(command)).toMatchObject({ result: { order: { status: 'pending' } } })
    expect(shop.tell(aPayment('succeeded', { orderId: command.orderId }))).toMatchObject(
      payment('ignored', command.orderId, 'pending'),
    )
  })

  test('an event that names an order is not heard by another order of the same payment reference', () => {
    const shop = aShop()
    const absent = anId('ord', 999_998)
    const parked = aPayment('succeeded', { orderId: absent, paymentRef: 'shared' })
    shop.tell(parked)

    const orderId = givenOrder(shop, { paymentRef: 'shared' })

    expect(shop.order(orderId).status).toBe('pending')
    expect(shop.state.events.get(eventId(parked))?.state).toBe('parked')
  })

  test('an order that is refused leaves them parked', () => {
    const shop = aShop()
    const holdId = givenHold(shop)
    const parked = aPayment('succeeded', { holdId })
    shop.tell(parked)
    shop.wait(DAY_MS)

    expect(shop.tell(aPlaceOrder(holdId, shop.now()))).toMatchObject({ reason: 'hold_expired' })
    expect(shop.state.events.get(eventId(parked))?.state).toBe('parked')
  })

  test('an event from the inbox that its lane is sent is applied once', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    const command = aPayment('succeeded', { orderId })
    shop.state.events.set(eventId(command), inInbox(command))

    expect(shop.tell(command)).toMatchObject(payment('applied', orderId, 'paid'))
    expect(shop.tell(command)).toMatchObject(payment('duplicate', orderId, 'paid'))
    expect(shop.product()).toMatchObject({ held: 0, sold: 1 })
  })
})

describe('whose a payment is', () => {
  test('an event without a reference is the order’s own payment', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentRef: 'own' })

    shop.tell(aPayment('succeeded', { orderId }))
    const again = shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))

    expect(again).toMatchObject(payment('ignored', orderId, 'paid'))
    expect(refundsOf(shop)).toEqual([])
  })

  test('the first reference seen becomes that of an order that had none', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)

    shop.tell(aPayment('succeeded', { orderId }))
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'first' }))
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'second' }))

    expect(shop.order(orderId).payments.map((each) => each.reference)).toEqual(['first', 'second'])
    expect(refundsOf(shop)).toEqual(['second due'])
  })

  test('two events of one payment count once', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)

    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))
    const second = shop.tell(aPayment('succeeded', { paymentRef: 'own' }))

    expect(second).toMatchObject(payment('ignored', orderId, 'paid'))
    expect(shop.product().sold).toBe(1)
  })

  test('paid by another payment while its own is open: that one pays, the own money goes back', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentRef: 'own' })

    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'another' }))
    shop.tell(aPayment('failed', { orderId, paymentRef: 'own' }))
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))
    shop.tell(aPayment('refunded', { orderId, paymentRef: 'own' }))

    expect(shop.order(orderId).status).toBe('paid')
    expect(refundsOf(shop)).toEqual(['own done'])
    expect(shop.tell(aPayment('refunded', { orderId }))).toMatchObject(
      payment('applied', orderId, 'refunded'),
    )
  })

  test('a reference that another order named: payment_mismatch, and the money goes back once', () => {
    const shop = aShop()
    const owner = givenOrder(shop, { paymentRef: 'theirs' })
    const orderId = givenOrder(shop, { paymentRef: 'own' })

    for (let i = 0; i < 2; i++) {
      const outcome = shop.tell(aPayment('succeeded', { orderId, paymentRef: 'theirs' }))
      expect(outcome).toMatchObject(payment('payment_mismatch', orderId, 'pending'))
    }

    expect(refundsOf(shop)).toEqual(['theirs due'])
    expect(shop.tell(aPayment('succeeded', { paymentRef: 'theirs' }))).toMatchObject(
      payment('ignored', owner, 'pending'),
    )
    expect(shop.tell(aPayment('succeeded', { orderId: owner }))).toMatchObject(
      payment('ignored', owner, 'pending'),
    )
    expect(shop.tell(aPayment('succeeded', { orderId }))).toMatchObject(
      payment('applied', orderId, 'paid'),
    )
  })

  test('a refund that names the order which owes it closes it, though the reference is another’s', () => {
    const shop = aShop()
    const owner = givenOrder(shop, { paymentRef: 'theirs' })
    const orderId = givenOrder(shop, { paymentRef: 'own' })
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'theirs' }))

    shop.tell(aPayment('refunded', { orderId, paymentRef: 'theirs' }))

    expect(refundsOf(shop)).toEqual(['theirs done'])
    expect([shop.order(owner).status, shop.order(orderId).status]).toEqual(['pending', 'pending'])
  })

  test('a reference whose money already pays another order: payment_mismatch, nothing goes back', () => {
    const shop = aShop()
    const owner = givenOrder(shop, { paymentRef: 'theirs' })
    shop.tell(aPayment('succeeded', { orderId: owner }))
    const orderId = givenOrder(shop)

    for (const kind of ['succeeded', 'failed', 'refunded'] as const) {
      expect(shop.tell(aPayment(kind, { orderId, paymentRef: 'theirs' }))).toMatchObject(
        payment('payment_mismatch', orderId, 'pending'),
      )
    }
    expect(refundsOf(shop)).toEqual([])
    expect(shop.order(owner).status).toBe('paid')
  })

  test('a reference that another product’s order named is known from what was loaded', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    const theirs = anId('ord', 1, 8)
    shop.state.referenceOwners.set('named there', { orderId: theirs, status: 'named' })
    shop.state.referenceOwners.set('paid there', { orderId: theirs, status: 'captured' })

    for (const paymentRef of ['named there', 'paid there']) {
      expect(shop.tell(aPayment('succeeded', { orderId, paymentRef }))).toMatchObject(
        payment('payment_mismatch', orderId, 'pending'),
      )
    }
    expect(refundsOf(shop)).toEqual(['named there due'])
  })

  test.each([{ paymentRef: 'own' }, {}])(
    'a payment whose money already goes back as an orphan’s pays nothing, told with %o',
    (named) => {
      const shop = aShop()
      const orderId = givenOrder(shop, { paymentRef: 'own' })
      shop.state.refundedReferences.set('own', 'rfd_orphan')

      expect(shop.tell(aPayment('succeeded', { orderId, ...named }))).toMatchObject(
        payment('ignored', orderId, 'pending'),
      )
      expect(refundsOf(shop)).toEqual([])
    },
  )
})

test('a reference whose money goes back as an orphan’s is not the money that has paid without one', () => {
  const shop = aShop()
  const orderId = givenOrder(shop)
  shop.state.refundedReferences.set('orphan', 'rfd_orphan')
  shop.tell(aPayment('succeeded', { orderId }))

  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'orphan' }))
  shop.tell(aPayment('refunded', { orderId, paymentRef: 'orphan' }))

  expect(shop.order(orderId).status).toBe('paid')
  expect(refundsOf(shop)).toEqual([])
})

describe('the wrong amount', () => {
  test.each([
    { amount: PRICE + 1, currency: 'USD' },
    { amount: PRICE - 1, currency: null },
    { amount: null, currency: 'EUR' },
    { amount: PRICE, currency: 'EUR' },
  ])('%o never pays: payment_mismatch, and a refund of what was captured', (money) => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentRef: 'own' })

    expect(shop.tell(aPayment('succeeded', { orderId, ...money }))).toMatchObject(
      payment('payment_mismatch', orderId, 'pending'),
    )

    expect(shop.refunds()).toMatchObject([
      {
        reference: 'own',
        reason: 'payment_mismatch',
        status: 'due',
        amount: money.amount ?? PRICE,
        currency: money.currency ?? 'USD',
      },
    ])
    expect(shop.product()).toMatchObject({ held: 1, sold: 0 })
  })

  test('a right payment after it pays, and the wrong one’s refund stays', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentRef: 'own' })
    shop.tell(aPayment('succeeded', { orderId, amount: 1 }))

    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own', amount: PRICE }))
    expect(shop.order(orderId).status).toBe('pending')
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'right', amount: PRICE }))

    expect(shop.order(orderId).status).toBe('paid')
    shop.tell(aPayment('refunded', { orderId, paymentRef: 'own', amount: 1 }))
    expect(shop.order(orderId).status).toBe('paid')
    expect(refundsOf(shop)).toEqual(['own done'])
  })

  test('late and wrong: the units are not taken again', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenExpired(shop)

    shop.tell(aPayment('succeeded', { orderId, amount: 1 }))

    expect(shop.order(orderId).status).toBe('expired')
    expect(refundsOf(shop)).toEqual(['own due'])
    expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
  })

  test('what was wholly given back before its success was told is not owed again', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentRef: 'own' })
    shop.tell(aPayment('refunded', { orderId, paymentRef: 'own', amount: 20, refundId: 're_1' }))

    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own', amount: 20 }))

    expect(refundsOf(shop).filter((refund) => refund.endsWith('due'))).toEqual([])
    expect(shop.order(orderId).payments[0]?.status).toBe('refunded')
  })
})

describe('refunds', () => {
  test('parts count once by refund id, and the order is refunded when the sum is whole', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenPaid(shop)
    const part = (refundId: string, amount: number) =>
      shop.tell(aPayment('refunded', { orderId, refundId, amount, restockOnRefund: true }))

    expect(part('re_1', 60)).toMatchObject(payment('applied', orderId, 'paid'))
    expect(part('re_1', 60)).toMatchObject(payment('ignored', orderId, 'paid'))
    expect(part('re_2', 39)).toMatchObject(payment('applied', orderId, 'paid'))
    expect(shop.product().sold).toBe(2)
    expect(part('__proto__', 1)).toMatchObject(payment('applied', orderId, 'refunded'))
    expect(shop.product().sold).toBe(0)
  })

  test('parts of a refund that is due close it when their sum is whole', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenRefundDue(shop)

    shop.tell(aPayment('refunded', { orderId, refundId: 're_1', amount: 99 }))
    expect(refundsOf(shop)).toEqual(['own due'])
    shop.tell(aPayment('refunded', { orderId, refundId: 're_2', amount: 1 }))

    expect(refundsOf(shop)).toEqual(['own done'])
    expect(shop.order(orderId).status).toBe('refunded')
  })

  test('a part told before its payment counts for it', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)

    shop.tell(aPayment('refunded', { orderId, refundId: 're_1', amount: 20 }))
    shop.tell(aPayment('succeeded', { orderId }))
    expect(shop.order(orderId).status).toBe('paid')
    shop.tell(aPayment('refunded', { orderId, refundId: 're_2', amount: 30 }))

    expect(shop.order(orderId).status).toBe('refunded')
  })

  test('a payment once refunded pays nothing, before the order ends and after', () => {
    const shop = aShop()
    const orderId = givenOrder(shop, { paymentRef: 'own' })
    shop.tell(aPayment('refunded', { orderId, paymentRef: 'own' }))

    for (const end of [() => {}, () => shop.tell(aCancelOrder(orderId))]) {
      end()
      shop.tell(aPayment('succeeded', { orderId, paymentRef: 'own' }))
      expect(shop.order(orderId).status).not.toBe('paid')
    }
    expect(refundsOf(shop)).toEqual([])
  })

  test('another payment’s refund leaves the order as it is and closes that payment’s', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenPaid(shop)
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'second' }))

    shop.tell(aPayment('refunded', { orderId, paymentRef: 'second', restockOnRefund: true }))

    expect(shop.order(orderId).status).toBe('paid')
    expect(shop.product().sold).toBe(2)
    expect(refundsOf(shop)).toEqual(['second done'])
  })

  test('late money of another payment is what the order’s refund is then told of', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenExpired(shop)
    shop.tell(anAdjustStock({ set: 0 }))
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'another' }))

    expect(shop.tell(aPayment('refunded', { orderId }))).toMatchObject(
      payment('applied', orderId, 'refunded'),
    )
    expect(refundsOf(shop)).toEqual(['another done'])
  })

  test('two payments too many are two refunds, each of its own id', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenRefundDue(shop)
    shop.tell(aPayment('succeeded', { orderId, paymentRef: 'second' }))

    const refunds = shop.refunds()
    expect(new Set(refunds.map((refund) => refund.refundId)).size).toBe(2)
    expect(refunds.map((refund) => refund.reason)).toEqual(['late_payment', 'second_payment'])
  })
})

describe('late money', () => {
  test('two late payers of one unit: the first in the lane has it', () => {
    const shop = aShop({ stockTotal: 1 })
    const first = givenOrder(shop)
    shop.tell(aCancelOrder(first))
    const second = givenOrder(shop)
    shop.tell(aCancelOrder(second))

    expect(shop.tell(aPayment('succeeded', { orderId: second }))).toMatchObject(
      payment('late_retaken', second, 'paid'),
    )
    expect(shop.tell(aPayment('succeeded', { orderId: first }))).toMatchObject(
      payment('refund_due', first, 'refund_due'),
    )
    expect(shop.order(first).latePayment && shop.order(second).latePayment).toBe(true)
  })

  test('units that lie under a hold which ran out are taken for it', () => {
    const shop = aShop({ stockTotal: 1 })
    const orderId = givenOrder(shop)
    shop.tell(aCancelOrder(orderId))
    const holdId = givenHold(shop, { ttlMs: 3_000 })
    shop.wait(3_000 + 2_000)

    expect(shop.tell(aPayment('succeeded', { orderId, ...shop.now() }))).toMatchObject(
      payment('late_retaken', orderId, 'paid'),
    )
    expect(shop.hold(holdId).status).toBe('expired')
  })

  test('a failure, then a success of the next attempt: taken again', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    shop.tell(aPayment('failed', { orderId, paymentRef: 'first' }))

    expect(shop.tell(aPayment('succeeded', { orderId, paymentRef: 'next' }))).toMatchObject(
      payment('late_retaken', orderId, 'paid'),
    )
  })

  test('a failure kept until due, then a success: plainly paid', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    shop.tell(aPayment('failed', { orderId, paymentRef: 'first', releaseOnFailure: false }))

    expect(shop.tell(aPayment('succeeded', { orderId, paymentRef: 'next' }))).toMatchObject(
      payment('applied', orderId, 'paid'),
    )
  })

  test('a confirmed order that was cancelled is sold back, and sold again by a success', () => {
    const shop = aShop({ stockTotal: 4 })
    const orderId = givenConfirmed(shop)
    shop.tell(aCancelOrder(orderId))
    expect(shop.product()).toMatchObject({ held: 0, sold: 0 })

    shop.tell(aPayment('succeeded', { orderId }))
    expect(shop.product()).toMatchObject({ held: 0, sold: 2 })
  })
})

test('late money whose reference waits for an order that ran out pays one of the two, and goes back for neither', () => {
  const shop = aShop({ stockTotal: 1 })
  const late = givenOrder(shop)
  shop.tell(aCancelOrder(late))
  const overdue = givenOrder(shop)
  const waiting = aPayment('succeeded', { orderId: overdue, paymentRef: 'pi_1' })
  shop.state.events.set(eventId(waiting), inInbox(waiting))
  shop.wait(DAY_MS)

  shop.tell(aPayment('succeeded', { ...shop.now(), orderId: late, paymentRef: 'pi_1' }))

  expect(shop.order(late).status).toBe('paid')
  expect(shop.order(overdue).status).toBe('expired')
  expect(refundsOf(shop)).toEqual([])
})

describe('the same event again', () => {
  test('changes nothing and says so, though the order has moved on', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    const success = aPayment('succeeded', { orderId })
    shop.tell(success)
    shop.tell(aPayment('refunded', { orderId }))

    const again = shop.apply({ ...success, commandId: anId('cmd', 999_997) })

    expect(again.outcome).toMatchObject(payment('duplicate', orderId, 'refunded'))
    expect(again.changes).toEqual([])
  })

  test('with another body: the first is kept', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    const failed = aPayment('failed', { orderId, releaseOnFailure: false })
    shop.tell(failed)

    const reused = shop.apply({ ...failed, kind: 'succeeded', bodyHash: aHash('another body') })

    expect(reused.outcome).toMatchObject(payment('key_reused', orderId, 'pending'))
    expect(reused.changes).toEqual([])
  })

  test('with another body while the first waits in the inbox: the first still counts', () => {
    const shop = aShop()
    const orderId = givenOrder(shop)
    const first = aPayment('succeeded', { orderId })
    shop.state.events.set(eventId(first), inInbox(first))

    const reused = { ...first, kind: 'failed' as const, bodyHash: aHash('another body') }
    expect(shop.tell(reused)).toMatchObject({ result: { result: 'key_reused' } })
    expect(shop.tell(first)).toMatchObject(payment('applied', orderId, 'paid'))
  })

  test('of another provider is another event', () => {
    const shop = aShop()
    const first = givenOrder(shop)
    const second = givenOrder(shop)
    shop.tell(aPayment('succeeded', { orderId: first, eventKey: '1478' }))

    expect(
      shop.tell(aPayment('succeeded', { orderId: second, eventKey: '1478', provider: 'standard' })),
    ).toMatchObject(payment('applied', second, 'paid'))
  })
})
