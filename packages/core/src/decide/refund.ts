/** The rules of money that goes back: owed once a payment, closed when the provider tells. */
import type { SettleRefund } from '../command.ts'
import type { Result } from '../outcome.ts'
import type {
  Order,
  OrderStatus,
  Payment,
  PaymentEvent,
  PaymentResult,
  Refund,
  RefundReason,
} from '../state.ts'
import {
  type Draft,
  moveStock,
  readOrder,
  readRefund,
  refundOf,
  writeOrder,
  writeRefund,
} from './draft.ts'
import { type Refusal, refuse } from './refuse.ts'

/** What became of an event, and of the order that it was applied to. */
export type Applied = { readonly order: Order; readonly result: PaymentResult }

export const withChange = (order: Order, index: number, change: Partial<Payment>): Order => ({
  ...order,
  payments: order.payments.map((each, i) => (i === index ? { ...each, ...change } : each)),
})

/** A refund, or a part of one, that the provider tells of. */
export function giveBack(draft: Draft, order: Order, index: number, event: PaymentEvent): Applied {
  const payment = order.payments[index] as Payment
  const isHeard = wasHeardOf(draft, order, index)
  if (payment.status === 'refunded' && isHeard) return { order, result: 'ignored' }
  const part = event.refundId ?? event.eventKey
  if (Object.hasOwn(payment.refundParts, part)) return { order, result: 'ignored' }
  const currency = event.amount === null ? payment.currency : (event.currency ?? payment.currency)
  if (currency !== payment.currency && !isBlank(payment)) {
    return { order, result: 'payment_mismatch' }
  }
  // While nobody has told what was captured, "all of it" is no sum yet.
  const given = event.amount ?? (isHeard ? payment.amount : null)
  const refundParts = { ...payment.refundParts, [part]: given }
  const recorded = withChange(order, index, { refundParts, currency })
  if (payment.status === 'refunded') return { order: recorded, result: 'ignored' }
  // Nothing tells how much a sum in another currency is of the order's: its success will.
  const isUnclear = !isHeard && currency !== order.currency
  if (isUnclear || sumOf(refundParts, payment.amount) < payment.amount) {
    return { order: recorded, result: 'applied' }
  }
  closeRefund(draft, order, index)
  const returned = withChange(recorded, index, { status: 'refunded' })
  if (index !== order.ownPayment || !isSettledBy(order.status, payment)) {
    return { order: returned, result: 'applied' }
  }
  const isSold = order.status === 'paid' || order.status === 'confirmed'
  if (isSold && event.restockOnRefund) moveStock(draft, { sold: -order.quantity })
  return { order: { ...returned, status: 'refunded', endedAtMs: draft.nowMs }, result: 'applied' }
}

/** Nothing is known of it but its name. */
const isBlank = ({ status, refundParts }: Payment): boolean =>
  status === 'named' && Object.keys(refundParts).length === 0

/**
 * Whether a success told what was captured. Where only refunds were told, the payment's sum is a guess, the order's; where
 * they were told first, it is another only if its success told so. Else, what went back had been owed or had paid.
 */
export function wasHeardOf(draft: Draft, order: Order, index: number): boolean {
  const { status, amount, currency } = order.payments[index] as Payment
  if (status !== 'refunded') return status !== 'named'
  if (amount !== order.amount || currency !== order.currency) return true
  if (readRefund(draft, refundIdOf(order, index)) !== undefined) return true
  // Paid on delivery, it may be refunded without a word of its payment: then a success is believed, rather than lost.
  const hadPaid = order.status === 'refunded' && order.paymentDueAtMs !== null
  return hadPaid && index === order.ownPayment
}

/** How much of a payment of this amount was told to have gone back. */
export const sumOf = (refundParts: Payment['refundParts'], amount: number): number =>
  Object.values(refundParts).reduce<number>((total, each) => total + (each ?? amount), 0)

/** The parts that count for money of this currency. */
export const partsIn = (payment: Payment, currency: string): Payment['refundParts'] =>
  payment.currency === currency
    ? payment.refundParts
    : Object.fromEntries(Object.entries(payment.refundParts).filter(([, each]) => each === null))

/** Whether giving this payment back settles an order of this status. */
const isSettledBy = (status: OrderStatus, payment: Payment): boolean =>
  status === 'confirmed' ||
  (status === 'paid' && payment.status === 'captured') ||
  (status === 'refund_due' && payment.status === 'refund_due')

/** The event names this order and another one's payment: neither is touched, but money that nobody else counts goes back, once. */
export function contradict(
  draft: Draft,
  order: Order,
  event: PaymentEvent,
  isUncounted: boolean,
): Applied {
  const reference = event.paymentRef as string
  const refundId = refundOf(draft, reference)
  const owedAt = order.payments.findIndex((_, at) => refundIdOf(order, at) === refundId)
  if (event.kind === 'refunded' && owedAt >= 0) {
    const applied = giveBack(draft, order, owedAt, event)
    writeOrder(draft, applied.order)
    return applied
  }
  if (event.kind !== 'succeeded' || !isUncounted || refundId !== undefined) {
    return { order, result: 'payment_mismatch' }
  }
  const index = order.payments.length
  const stray: Payment = {
    reference: null,
    status: 'named',
    amount: event.amount ?? order.amount,
    currency: event.currency ?? order.currency,
    refundParts: {},
  }
  const seen = { ...order, payments: [...order.payments, stray] }
  const owed = oweBack(draft, seen, index, 'payment_mismatch', reference)
  writeOrder(draft, owed)
  return { order: owed, result: 'payment_mismatch' }
}

/** Puts the payment's money into the refund outbox. Its id is stable: one refund a payment, however often it is told. */
export function oweBack(
  draft: Draft,
  order: Order,
  index: number,
  reason: RefundReason,
  reference: string | null = order.payments[index]?.reference ?? null,
): Order {
  const payment = order.payments[index] as Payment
  writeRefund(draft, {
    refundId: refundIdOf(order, index),
    productId: order.productId,
    orderId: order.orderId,
    reference,
    // What has gone back already is owed no more.
    amount: payment.amount - sumOf(payment.refundParts, payment.amount),
    currency: payment.currency,
    status: 'due',
    reason,
    createdAtMs: draft.nowMs,
  })
  return withChange(order, index, { status: 'refund_due' })
}

/** An operator gave money back, or has begun to. What the provider tells of it later finds it done. */
export function settleRefund(draft: Draft, command: SettleRefund): Result | Refusal {
  const order = readOrder(draft, command.orderId)
  const refund = readRefund(draft, command.refundId)
  if (!order || refund?.orderId !== order.orderId) return refuse('refund_not_found')
  if (refund.status === 'done' || refund.status === command.status)
    return { type: 'refund', refund }

  const settled: Refund = { ...refund, status: command.status }
  writeRefund(draft, settled)
  if (settled.status === 'done') {
    const index = order.payments.findIndex((_, at) => refundIdOf(order, at) === refund.refundId)
    const returned = withChange(order, index, { status: 'refunded' })
    const isWhole = order.status === 'refund_due' && index === order.ownPayment
    const whole = { status: 'refunded' as const, endedAtMs: draft.nowMs }
    writeOrder(draft, isWhole ? { ...returned, ...whole } : returned)
  }
  return { type: 'refund', refund: settled }
}

function closeRefund(draft: Draft, order: Order, index: number): void {
  const refund = readRefund(draft, refundIdOf(order, index))
  if (refund) writeRefund(draft, { ...refund, status: 'done' })
}

const refundIdOf = (order: Order, index: number): string =>
  `${order.orderId.replace('ord_', 'rfd_')}_${index}`
