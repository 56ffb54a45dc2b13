import { describe, expect, test } from 'vitest'
import {
  aPayment,
  aShop,
  givenOrder,
  type PaymentCommand,
  PRICE,
  refundsOf,
  type Shop,
} from '../builders.ts'
import type { PaymentKind } from '../state.ts'

type News = Partial<PaymentCommand>

/** An order of one unit, and the payment that it named. */
function anOrder(payment: 'online' | 'cash_on_delivery' = 'online') {
  const shop = aShop({ stockTotal: 4 })
  const orderId = givenOrder(shop, { paymentRef: 'own', payment })
  const tell = (kind: PaymentKind, news: News = {}) =>
    shop.tell(aPayment(kind, { orderId, paymentRef: 'own', ...news }))
  return { shop, orderId, tell }
}

const sumsOf = (shop: Shop) =>
  shop.refunds().map(({ amount, currency, status }) => `${amount} ${currency} ${status}`)

const resultOf = (outcome: unknown) => (outcome as { result: { result: string } }).result.result

describe('a refund told before its success', () => {
  test('of the order’s sum, and more was captured: the rest goes back', () => {
    const { shop, orderId, tell } = anOrder()
    tell('refunded', { amount: PRICE, refundId: 're_1' })

    expect(resultOf(tell('succeeded', { amount: 2 * PRICE }))).toBe('payment_mismatch')

    expect(sumsOf(shop)).toEqual([`${PRICE} USD due`])
    expect(shop.order(orderId)).toMatchObject({
      status: 'pending',
      payments: [{ status: 'refund_due', amount: 2 * PRICE }],
    })
    tell('refunded', { amount: PRICE, refundId: 're_2' })
    expect(sumsOf(shop)).toEqual([`${PRICE} USD done`])
  })

  test.each([1, PRICE - 1, PRICE, PRICE + 1, 3 * PRICE])(
    'in parts, and %i was captured: what is owed is what has not gone back',
    (captured) => {
      const { shop, orderId, tell } = anOrder()
      tell('refunded', { amount: 30, refundId: 're_1' })
      tell('refunded', { amount: 30, refundId: 're_2' })
      tell('refunded', { amount: 30, refundId: 're_2' })

      tell('succeeded', { amount: captured })

      const [payment] = shop.order(orderId).payments
      expect(payment?.amount).toBe(captured)
      expect(sumsOf(shop)).toEqual(captured > 60 ? [`${captured - 60} USD due`] : [])
      expect(shop.order(orderId).status).toBe('pending')
    },
  )

  test('that names no sum was of all, however much is then told', () => {
    const { shop, orderId, tell } = anOrder()
    tell('refunded')

    tell('succeeded', { amount: 3 * PRICE })

    expect(sumsOf(shop)).toEqual([])
    expect(shop.order(orderId).payments).toMatchObject([{ status: 'refunded', amount: 3 * PRICE }])
  })

  test('is heard of once: another success of that payment changes nothing', () => {
    const { shop, tell } = anOrder()
    tell('refunded', { amount: PRICE })
    tell('succeeded', { amount: 2 * PRICE })

    for (const amount of [PRICE, 2 * PRICE, 9 * PRICE]) {
      expect(resultOf(tell('succeeded', { amount }))).toBe('ignored')
    }
    expect(sumsOf(shop)).toEqual([`${PRICE} USD due`])
  })

  test('of an order paid on delivery: it is refunded, and what was captured besides goes back', () => {
    const { shop, orderId, tell } = anOrder('cash_on_delivery')
    tell('refunded', { amount: PRICE, restockOnRefund: true })

    tell('succeeded', { amount: 2 * PRICE })

    expect(shop.order(orderId).status).toBe('refunded')
    expect(sumsOf(shop)).toEqual([`${PRICE} USD due`])
    expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
  })
})

describe('a refund in another currency', () => {
  test('is no part of a payment that was captured: payment_mismatch, and nothing moves', () => {
    const { shop, orderId, tell } = anOrder()
    tell('succeeded')

    const outcome = tell('refunded', { amount: PRICE, currency: 'JPY', restockOnRefund: true })

    expect(resultOf(outcome)).toBe('payment_mismatch')
    expect(shop.order(orderId).status).toBe('paid')
    expect(shop.product().sold).toBe(1)
  })

  test('told before the success of that currency, counts for it', () => {
    const { shop, orderId, tell } = anOrder()
    tell('refunded', { amount: 2 * PRICE, currency: 'JPY' })

    tell('succeeded', { amount: 2 * PRICE, currency: 'JPY' })

    expect(refundsOf(shop)).toEqual([])
    expect(shop.order(orderId).payments).toMatchObject([{ status: 'refunded', currency: 'JPY' }])
  })

  test('told before a success of the order’s sum, does not stand against it', () => {
    const { shop, orderId, tell } = anOrder()
    tell('refunded', { amount: PRICE, currency: 'JPY' })

    expect(resultOf(tell('succeeded', { amount: PRICE, currency: 'USD' }))).toBe('applied')
    expect(shop.order(orderId).status).toBe('paid')
  })
})

test('of a payment of which a part has gone back, only the rest is owed when its money comes too late', () => {
  const { shop, orderId, tell } = anOrder()
  tell('refunded', { amount: 20, refundId: 're_1' })
  shop.tell(aPayment('succeeded', { orderId, paymentRef: 'another' }))

  tell('succeeded')

  expect(sumsOf(shop)).toEqual([`${PRICE - 20} USD due`])
  tell('refunded', { amount: PRICE - 20, refundId: 're_2' })
  expect(refundsOf(shop)).toEqual(['own done'])
})

test('more goes back than was paid: the order is refunded, and its units are free once', () => {
  const { shop, orderId, tell } = anOrder()
  tell('succeeded')

  tell('refunded', { amount: 9 * PRICE, restockOnRefund: true, refundId: 're_1' })
  tell('refunded', { amount: 9 * PRICE, restockOnRefund: true, refundId: 're_2' })

  expect(shop.order(orderId).status).toBe('refunded')
  expect(shop.product()).toMatchObject({ held: 0, sold: 0 })
})
