/** The rules of money: what a payment event does to an order in each of its states. What goes back is in refund.ts. */
import type { RecordPayment } from '../command.ts'
import type { Result } from '../outcome.ts'
import type { Order, Payment, PaymentEvent, PaymentResult } from '../state.ts'
import { eventId } from '../state.ts'
import {
  type Draft,
  moveStock,
  ownerOf,
  readHold,
  readOrder,
  refundOf,
  writeEvent,
  writeOrder,
} from './draft.ts'
import { makeRoom } from './expiry.ts'
import {
  type Applied,
  contradict,
  giveBack,
  oweBack,
  partsIn,
  sumOf,
  wasHeardOf,
  withChange,
} from './refund.ts'

export function recordPayment(draft: Draft, command: RecordPayment): Result {
  const known = draft.state.events.get(eventId(command))
  const isRepeat = known !== undefined && known.bodyHash === command.bodyHash
  if (known && (!isRepeat || known.state !== 'waiting')) {
    const order = known.orderId === null ? undefined : readOrder(draft, known.orderId)
    return paymentResult(isRepeat ? 'duplicate' : 'key_reused', order ?? null)
  }
  // The inbox's row was written outside the lane.
  if (known) draft.given.events.push(known)
  const event = known ?? eventOf(command)
  const order = orderOf(draft, command)
  if (event.kind === 'other') return finish(draft, event, 'ignored', order ?? null)
  if (!order) {
    writeEvent(draft, { ...event, state: 'parked', appliedAtMs: draft.nowMs })
    return paymentResult('parked', null)
  }
  const applied = applyEvent(draft, order, event)
  return finish(draft, event, applied.result, applied.order)
}

/** Applies events that waited for this order, in the order given. */
export function applyEvents(draft: Draft, order: Order, events: readonly PaymentEvent[]): Order {
  let current = order
  for (const event of events) {
    const applied = applyEvent(draft, current, event)
    current = applied.order
    finish(draft, event, applied.result, current)
  }
  return current
}

function finish(
  draft: Draft,
  event: PaymentEvent,
  result: PaymentResult,
  order: Order | null,
): Result {
  writeEvent(draft, {
    ...event,
    state: 'done',
    result,
    orderId: order?.orderId ?? event.orderId,
    appliedAtMs: draft.nowMs,
  })
  return paymentResult(result, order)
}

const paymentResult = (result: PaymentResult, order: Order | null): Result => ({
  type: 'payment',
  result,
  orderId: order?.orderId ?? null,
  orderStatus: order?.status ?? null,
})

/** An event as the inbox keeps it: no lane has seen it. */
export function eventOf(command: RecordPayment): PaymentEvent {
  return {
    provider: command.provider,
    eventKey: command.eventKey,
    state: 'waiting',
    kind: command.kind,
    orderId: command.orderId,
    holdId: command.holdId,
    paymentRef: command.paymentRef,
    amount: command.amount,
    currency: command.currency,
    refundId: command.refundId,
    releaseOnFailure: command.releaseOnFailure,
    restockOnRefund: command.restockOnRefund,
    bodyHash: command.bodyHash,
    acceptedAtMs: command.acceptedAtMs,
    result: null,
    appliedAtMs: null,
  }
}

/** The order that an event speaks of: by its id, else by its hold, else by the payment's reference. */
function orderOf(draft: Draft, command: RecordPayment): Order | undefined {
  if (command.orderId !== null) return readOrder(draft, command.orderId)
  if (command.holdId !== null) {
    const orderId = readHold(draft, command.holdId)?.orderId
    return orderId ? readOrder(draft, orderId) : undefined
  }
  const owner = command.paymentRef === null ? undefined : ownerOf(draft, command.paymentRef)
  return owner && readOrder(draft, owner.orderId)
}

function applyEvent(draft: Draft, order: Order, event: PaymentEvent): Applied {
  const owner = event.paymentRef === null ? undefined : ownerOf(draft, event.paymentRef)
  if (owner && owner.orderId !== order.orderId) {
    return contradict(draft, order, event, owner.status === 'named')
  }
  const { order: known, index } = withPayment(draft, order, event)
  const applied = applyByKind(draft, known, index, event)
  if (applied.order !== order) writeOrder(draft, applied.order)
  return applied
}

function applyByKind(draft: Draft, order: Order, index: number, event: PaymentEvent): Applied {
  switch (event.kind) {
    case 'succeeded':
      return succeed(draft, order, index, event)
    case 'failed':
      return fail(draft, order, index, event)
    case 'refunded':
      return giveBack(draft, order, index, event)
    case 'other':
      return { order, result: 'ignored' }
  }
}

/**
 * The payment of the order that an event speaks of. Without a reference it is the order's own; the first reference
 * seen becomes that of the order's own payment; any other is another payment.
 */
function withPayment(
  draft: Draft,
  order: Order,
  { paymentRef }: PaymentEvent,
): { order: Order; index: number } {
  const { payments, ownPayment } = order
  if (ownPayment !== null && paymentRef === null) return { order, index: ownPayment }
  const at = payments.findIndex((each) => each.reference === paymentRef)
  if (paymentRef !== null && at >= 0) return { order, index: at }
  const own = ownPayment === null ? undefined : payments[ownPayment]
  if (own && ownPayment !== null && paymentRef !== null && own.reference === null) {
    // Money that goes back already, as an orphan's, is not the money that this order has counted.
    const isOtherMoney = own.status !== 'named' && refundOf(draft, paymentRef) !== undefined
    if (!isOtherMoney) {
      return { order: withChange(order, ownPayment, { reference: paymentRef }), index: ownPayment }
    }
  }
  const fresh: Payment = {
    reference: paymentRef,
    status: 'named',
    amount: order.amount,
    currency: order.currency,
    refundParts: {},
  }
  const index = payments.length
  return {
    order: { ...order, payments: [...payments, fresh], ownPayment: ownPayment ?? index },
    index,
  }
}

function succeed(draft: Draft, order: Order, index: number, event: PaymentEvent): Applied {
  const payment = order.payments[index] as Payment
  const { status, reference } = payment
  // The payment's reference, not the event's: an event without one may speak of money that goes back already.
  const goesBack = reference !== null && refundOf(draft, reference) !== undefined
  if (goesBack || wasHeardOf(draft, order, index)) return { order, result: 'ignored' }
  const amount = event.amount ?? order.amount
  const currency = event.currency ?? order.currency
  const refundParts = partsIn(payment, currency)
  const seen = withChange(order, index, { amount, currency, refundParts })
  if (amount !== order.amount || currency !== order.currency) {
    const isBack = sumOf(refundParts, amount) >= amount
    return {
      order: isBack
        ? withChange(seen, index, { status: 'refunded' })
        : oweBack(draft, seen, index, 'payment_mismatch'),
      result: 'payment_mismatch',
    }
  }
  if (status === 'refunded') return { order, result: 'ignored' }
  const captured = { ...withChange(seen, index, { status: 'captured' }), ownPayment: index }
  const paid: Order = { ...captured, status: 'paid', endedAtMs: draft.nowMs }
  switch (order.status) {
    case 'pending':
      moveStock(draft, { held: -order.quantity, sold: order.quantity })
      return { order: paid, result: 'applied' }
    case 'confirmed':
      if (index === order.ownPayment) return { order: paid, result: 'applied' }
      return { order: oweBack(draft, seen, index, 'second_payment'), result: 'refund_due' }
    case 'paid':
    case 'refund_due':
    case 'refunded':
      return { order: oweBack(draft, seen, index, 'second_payment'), result: 'refund_due' }
    case 'cancelled':
    case 'expired':
      // Said before room is made: an order that runs out may have an event waiting that tells of the same money.
      writeOrder(draft, captured)
      if (makeRoom(draft, order.quantity, event.acceptedAtMs)) {
        moveStock(draft, { sold: order.quantity })
        return { order: { ...paid, latePayment: true }, result: 'late_retaken' }
      }
      return {
        order: {
          ...oweBack(draft, seen, index, 'late_payment'),
          status: 'refund_due',
          ownPayment: index,
          latePayment: true,
        },
        result: 'refund_due',
      }
  }
}

function fail(draft: Draft, order: Order, index: number, event: PaymentEvent): Applied {
  if (order.status !== 'pending' || index !== order.ownPayment || !event.releaseOnFailure) {
    return { order, result: 'ignored' }
  }
  moveStock(draft, { held: -order.quantity })
  return {
    order: { ...order, status: 'cancelled', endedAtMs: draft.nowMs },
    result: 'applied',
  }
}
