/** The rules of an order. */
import type { CancelOrder, PlaceOrder } from '../command.ts'
import { siblingId } from '../ids.ts'
import type { Result } from '../outcome.ts'
import type { Hold, Order } from '../state.ts'
import {
  type Draft,
  moveStock,
  ownerOf,
  readHold,
  readOrder,
  takeWaitingEvents,
  writeHold,
  writeOrder,
} from './draft.ts'
import { applyEvents } from './payment.ts'
import { type Refusal, refuse } from './refuse.ts'

export function placeOrder(draft: Draft, command: PlaceOrder): Result | Refusal {
  const hold = readHold(draft, command.holdId)
  // Somebody else's hold is not there, rather than forbidden: ids are not confirmed to strangers.
  if (!hold || isOthers(hold, command)) {
    return refuse('hold_not_found', { hold_command_id: siblingId(command.holdId, 'cmd') })
  }
  if (hold.status === 'ordered') return refuse('hold_used', { order_id: hold.orderId })
  if (hold.status === 'released') return refuse('hold_released')
  // Late is what was accepted late, however long the lane was.
  const isLate = Math.min(command.acceptedAtMs, draft.nowMs) >= hold.expiresAtMs
  if (hold.status === 'expired' || isLate) return refuse('hold_expired')
  if (command.paymentRef !== null && ownerOf(draft, command.paymentRef)) {
    return refuse('payment_ref_used')
  }

  const placed = newOrder(draft, command, hold)
  writeHold(draft, { ...hold, status: 'ordered', orderId: placed.orderId, endedAtMs: draft.nowMs })
  writeOrder(draft, placed)
  if (placed.status === 'confirmed') {
    moveStock(draft, { held: -placed.quantity, sold: placed.quantity })
  }
  const references = [placed.orderId, hold.holdId, command.paymentRef]
  const names = new Set(references.filter((name) => name !== null))
  const born = applyEvents(draft, placed, takeWaitingEvents(draft, names))
  const remembered = { ...born, bornStatus: born.status }
  writeOrder(draft, remembered)
  return orderResult(remembered)
}

const isOthers = (hold: Hold, command: PlaceOrder): boolean =>
  hold.customerRef !== null &&
  command.customerRef !== null &&
  hold.customerRef !== command.customerRef

function newOrder(draft: Draft, command: PlaceOrder, hold: Hold): Order {
  const isOnline = command.payment === 'online'
  const amount = hold.unitPrice * hold.quantity
  const named = {
    reference: command.paymentRef,
    status: 'named' as const,
    amount,
    currency: hold.currency,
    refundParts: {},
  }
  const status = isOnline ? 'pending' : 'confirmed'
  return {
    orderId: command.orderId,
    productId: hold.productId,
    holdId: hold.holdId,
    status,
    quantity: hold.quantity,
    unitPrice: hold.unitPrice,
    amount,
    currency: hold.currency,
    customerRef: command.customerRef ?? hold.customerRef,
    createdAtMs: draft.nowMs,
    paymentDueAtMs: isOnline
      ? Math.max(draft.nowMs + command.paymentDueMs, hold.expiresAtMs)
      : null,
    endedAtMs: null,
    latePayment: false,
    ownPayment: command.paymentRef === null ? null : 0,
    payments: command.paymentRef === null ? [] : [named],
    bornStatus: status,
    bornVersion: draft.state.products.get(draft.productId)?.version ?? 0,
    fingerprint: command.fingerprint ?? null,
  }
}

export function cancelOrder(draft: Draft, command: CancelOrder): Result | Refusal {
  const order = readOrder(draft, command.orderId)
  if (!order) return refuse('order_not_found')
  if (order.status === 'paid') return refuse('order_paid')
  if (order.status !== 'pending' && order.status !== 'confirmed') return orderResult(order)

  const cancelled: Order = { ...order, status: 'cancelled', endedAtMs: draft.nowMs }
  writeOrder(draft, cancelled)
  moveStock(
    draft,
    order.status === 'pending' ? { held: -order.quantity } : { sold: -order.quantity },
  )
  return orderResult(cancelled)
}

const orderResult = (order: Order): Result => ({
  type: 'order',
  order: {
    orderId: order.orderId,
    holdId: order.holdId,
    productId: order.productId,
    quantity: order.quantity,
    amount: order.amount,
    currency: order.currency,
    status: order.status,
    paymentDueAtMs: order.paymentDueAtMs,
    createdAtMs: order.createdAtMs,
  },
})

/** What the order's request was answered at first, whatever became of it since. */
export const orderAtBirth = (order: Order): Result =>
  orderResult({ ...order, status: order.bornStatus })
