/** C7: where the money of an order's payments is, and that what each event told of ended in one way. */
import { type Order, type Payment, type PaymentEvent, type Refund, sumOf } from '@flashlane/core'
import type { StoredPayment, StoredRefund } from '@flashlane/db'
import { type Findings, NOWHERE, ofProduct, type Place } from './findings.ts'

const REFUND_OF: Readonly<Record<Payment['status'], readonly (Refund['status'] | 'none')[]>> = {
  named: ['none'],
  captured: ['none'],
  refund_due: ['due', 'sent'],
  // The provider may tell of a refund before anybody owed one.
  refunded: ['done', 'none'],
}

/** An order as it stands, with its refunds: paid by one payment, and every other one going back once. */
export function checkOrderMoney(
  findings: Findings,
  { order, refunds }: { readonly order: Order; readonly refunds: readonly Refund[] },
): void {
  const blame = (sentence: string) => findings.blame('C7', ofProduct(order.productId), sentence)
  const { orderId } = order
  findings.look('C7', 'orders')
  findings.look('C7', 'payments', order.payments.length)
  findings.look('C7', 'refunds', refunds.length)

  const captured = order.payments.filter((payment) => payment.status === 'captured')
  const own = order.ownPayment === null ? undefined : order.payments[order.ownPayment]
  if (order.status === 'paid' && captured.length === 0) {
    blame(`the order ${orderId} is sold without a payment`)
  } else if (captured.length !== (order.status === 'paid' ? 1 : 0)) {
    blame(`the order ${orderId} is ${order.status} and has ${captured.length} captured payments`)
  }
  if (order.status === 'paid' && captured.length === 1 && own !== captured[0]) {
    blame(`the order ${orderId} is paid by a payment that is not its own`)
  }
  if (order.status === 'refund_due' && own?.status !== 'refund_due') {
    blame(`the order ${orderId} is refund_due, its payment ${own?.status ?? 'missing'}`)
  }

  const unowned = new Set(refunds)
  order.payments.forEach((payment, n) => {
    const own = refunds.filter((refund) => refund.refundId === refundIdOf(orderId, n))
    for (const refund of own) unowned.delete(refund)
    const what = `payment ${n} of the order ${orderId}`
    if (own.length > 1) blame(`${what} is refunded ${own.length} times`)
    const refund = own[0]
    const status = refund?.status ?? 'none'
    if (!REFUND_OF[payment.status].includes(status)) {
      blame(`${what} is ${payment.status}, and its refund ${refund ? status : 'is missing'}`)
    }
    // What had gone back before it was owed is no part of it.
    const isSum =
      refund &&
      refund.amount <= payment.amount &&
      refund.amount >= payment.amount - sumOf(payment.refundParts, payment.amount)
    if (refund && (!isSum || refund.currency !== payment.currency)) {
      const owed = `${refund.amount} ${refund.currency}`
      blame(`${what} is of ${payment.amount} ${payment.currency}, its refund of ${owed}`)
    }
  })
  for (const { refundId } of unowned) blame(`the refund ${refundId} gives back what nobody paid`)
}

const refundIdOf = (orderId: string, n: number): string => `${orderId.replace('ord_', 'rfd_')}_${n}`

/** All that may have become of the money that an event told of. */
export type Ends = {
  /** That the event names by its reference, if any has it. */
  readonly payment: Pick<StoredPayment, 'orderId' | 'status'> | null
  /** That carries the reference, or that of an orphan was made for this event. */
  readonly refund: Pick<StoredRefund, 'refundId'> | null
  /** Where it has no reference: the payments of the order that it named. */
  readonly order: Order | null
}

/** A done event of captured money has one end: it pays an order, or it goes back. */
export function checkEventMoney(findings: Findings, event: PaymentEvent, ends: Ends): void {
  findings.look('C7', 'payment events')
  if (event.state !== 'done' || event.kind !== 'succeeded') return
  const { payment, refund, order } = ends
  const place: Place = order ? ofProduct(order.productId) : NOWHERE
  const what = `the payment ${event.paymentRef ?? 'without a reference'} of event ${event.eventKey}`
  const isCounted = event.paymentRef === null ? isCountedIn(order) : isMoney(payment?.status)
  if (payment?.status === 'captured' && refund) {
    const both = `pays ${payment.orderId} and goes back as ${refund.refundId}`
    findings.blame('C7', place, `${what} ${both}`)
  }
  if (!isCounted && !refund) {
    findings.blame('C7', place, `${what} is neither a sale nor a refund (${event.result})`)
  }
}

const isMoney = (status: Payment['status'] | undefined): boolean =>
  status !== undefined && status !== 'named'

const isCountedIn = (order: Order | null): boolean =>
  order?.payments.some(({ status }) => isMoney(status)) ?? false
