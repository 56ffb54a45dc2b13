import type { Order, Payment, PaymentEvent, Refund } from '@flashlane/core'
import { aPayment, aShop, givenOrder, inInbox } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { CHECKERS, createFindings } from './findings.ts'
import { checkCaptured, checkSold, type Known, parseLedgerLine } from './ledger.ts'
import { checkEventMoney, checkOrderMoney, type Ends } from './money.ts'

const told = (check: (findings: ReturnType<typeof createFindings>) => void): readonly string[] => {
  const findings = createFindings(CHECKERS)
  check(findings)
  return findings.report().violations.map(({ checker, sentence }) => `${checker} ${sentence}`)
}

/** An order that was paid, and paid again by another payment. */
function paidTwice() {
  const shop = aShop()
  const orderId = givenOrder(shop, { paymentRef: 'pi_1' })
  shop.apply(aPayment('succeeded', { orderId, paymentRef: 'pi_1' }))
  shop.apply(aPayment('succeeded', { orderId, paymentRef: 'pi_2' }))
  const [refund] = shop.refunds()
  if (!refund) throw new Error('no refund is due')
  return { order: shop.order(orderId), refund }
}

const ofOrder = (order: Order, ...refunds: Refund[]) =>
  told((findings) => checkOrderMoney(findings, { order, refunds }))

const withPayment = (order: Order, n: number, change: Partial<Payment>): Order => ({
  ...order,
  payments: order.payments.map((each, i) => (i === n ? { ...each, ...change } : each)),
})

test('an order that was paid twice, and owes one of them, has nothing to tell', () => {
  const { order, refund } = paidTwice()

  expect(ofOrder(order, refund)).toEqual([])
})

test('sold without a payment, by two, or by one that is not its own', () => {
  const { order, refund } = paidTwice()
  const unpaid = withPayment(order, 0, { status: 'named' })

  expect(ofOrder(unpaid, refund)).toEqual([
    `C7 the order ${order.orderId} is sold without a payment`,
  ])
  expect(ofOrder(withPayment(order, 1, { status: 'captured' }))).toEqual([
    `C7 the order ${order.orderId} is paid and has 2 captured payments`,
  ])
  expect(ofOrder({ ...order, status: 'cancelled' }, refund)).toEqual([
    `C7 the order ${order.orderId} is cancelled and has 1 captured payments`,
  ])
  expect(ofOrder({ ...order, ownPayment: 1 }, refund)).toEqual([
    `C7 the order ${order.orderId} is paid by a payment that is not its own`,
  ])
})

test('a refund that is missing, made twice, of another sum, of nothing, or over too early', () => {
  const { order, refund } = paidTwice()
  const what = `C7 payment 1 of the order ${order.orderId}`

  expect(ofOrder(order)).toEqual([`${what} is refund_due, and its refund is missing`])
  expect(ofOrder(order, refund, { ...refund })).toEqual([`${what} is refunded 2 times`])
  expect(ofOrder(order, { ...refund, amount: 1 })).toEqual([
    `${what} is of 50 USD, its refund of 1 USD`,
  ])
  expect(ofOrder(order, refund, { ...refund, refundId: `${refund.refundId}9` })).toEqual([
    `C7 the refund ${refund.refundId}9 gives back what nobody paid`,
  ])
  expect(ofOrder(order, { ...refund, status: 'done' })).toEqual([
    `${what} is refund_due, and its refund done`,
  ])
})

test('a refund leaves out what had gone back before it was owed, and no more than that', () => {
  const { order, refund } = paidTwice()
  const partly = withPayment(order, 1, { refundParts: { re_1: 20 } })

  expect(ofOrder(partly, { ...refund, amount: 30 })).toEqual([])
  expect(ofOrder(partly, { ...refund, amount: 29 })).toEqual([
    `C7 payment 1 of the order ${order.orderId} is of 50 USD, its refund of 29 USD`,
  ])
  expect(ofOrder(partly, { ...refund, amount: 51 })).toHaveLength(1)
})

const anEvent = (paymentRef: string | null): PaymentEvent => ({
  ...inInbox(aPayment('succeeded', { paymentRef, eventKey: 'evt' })),
  state: 'done',
  result: 'applied',
})
const nothing: Ends = { payment: null, refund: null, order: null }
const ofEvent = (event: PaymentEvent, ends: Partial<Ends>) =>
  told((findings) => checkEventMoney(findings, event, { ...nothing, ...ends }))

test('the money that an event told of pays an order or goes back: not both, and not neither', () => {
  const sold = { orderId: 'ord_7_x', status: 'captured' as const }
  const refund = { refundId: 'rfd_7_x_0' }
  const event = anEvent('pi_1')

  expect(ofEvent(event, { payment: sold })).toEqual([])
  expect(ofEvent(event, { refund })).toEqual([])
  expect(ofEvent(event, { payment: { ...sold, status: 'refunded' }, refund })).toEqual([])
  expect(ofEvent({ ...event, state: 'parked' }, {})).toEqual([])
  expect(ofEvent(event, {})).toEqual([
    'C7 the payment pi_1 of event evt is neither a sale nor a refund (applied)',
  ])
  expect(ofEvent(event, { payment: { ...sold, status: 'named' } })).toHaveLength(1)
  expect(ofEvent(event, { payment: sold, refund })).toEqual([
    'C7 the payment pi_1 of event evt pays ord_7_x and goes back as rfd_7_x_0',
  ])
})

test('an event without a reference speaks of its order’s payments', () => {
  const { order } = paidTwice()
  const named = {
    ...order,
    payments: order.payments.map((each) => ({ ...each, status: 'named' as const })),
  }

  expect(ofEvent(anEvent(null), { order })).toEqual([])
  expect(ofEvent(anEvent(null), { order: named })).toHaveLength(1)
  expect(ofEvent(anEvent(null), {})).toHaveLength(1)
})

const LINE = { reference: 'pi_1', amount: 50, currency: 'USD', capturedAt: null }
const PAYMENT = {
  orderId: 'ord_7_x',
  reference: 'pi_1',
  status: 'captured',
  amount: 50,
  currency: 'USD',
} as const
const ofLine = (known: Partial<Known>) =>
  told((findings) =>
    checkCaptured(findings, LINE, { payment: null, refund: null, isUndecided: false, ...known }),
  )

test('what the provider captured is known here, for the same sum, or waits to be decided', () => {
  expect(ofLine({ payment: PAYMENT })).toEqual([])
  expect(ofLine({ isUndecided: true })).toEqual([])
  expect(ofLine({})).toHaveLength(1)
  expect(ofLine({ payment: { ...PAYMENT, status: 'named' } })).toHaveLength(1)
  expect(ofLine({ payment: { ...PAYMENT, amount: 49 } })).toEqual([
    'C7 the provider captured pi_1 (50 USD), and here it is 49 USD',
  ])
  const place = { productId: 7, seq: null, index: null }
  const facts = { orderId: 'ord_7_x', place }
  expect(told((it) => checkSold(it, 'pi_1', { ...facts, isCaptured: true }))).toEqual([])
  expect(told((it) => checkSold(it, 'pi_1', { ...facts, isCaptured: false }))).toHaveLength(1)
})

test('a line of a ledger is parsed, or stops the audit', () => {
  const text =
    '{"reference":"pi_1","amount":50,"currency":"USD","captured_at":"2026-11-21T02:31:12Z"}'

  expect(parseLedgerLine(text, 1)).toEqual({ ...LINE, capturedAt: '2026-11-21T02:31:12Z' })
  for (const wrong of ['', 'null', '[]', '{"reference":"pi_1","amount":"50","currency":"USD"}']) {
    expect(() => parseLedgerLine(wrong, 3)).toThrow('line 3 of the ledger')
  }
})
