/** The rules of time running out: on command, and lazily when somebody needs the units. */
import type { ExpireDue } from '../command.ts'
import { EXPIRY_GRACE_MS_DEFAULT } from '../limits.ts'
import type { Result } from '../outcome.ts'
import type { Order } from '../state.ts'
import { available } from '../state.ts'
import {
  type Draft,
  dueOf,
  moveStock,
  readHold,
  readOrder,
  readProduct,
  takeWaitingEvents,
  writeHold,
  writeOrder,
} from './draft.ts'
import { applyEvents } from './payment.ts'

/** Only what was due this early goes: every command accepted before the deadline is in the lane by then. */
const dueBefore = (cutoffMs: number, nowMs: number, graceMs: number): number =>
  Math.min(cutoffMs, nowMs) - graceMs

export function expireDue(draft: Draft, command: ExpireDue): Result {
  const limitMs = dueBefore(command.cutoffMs, draft.nowMs, EXPIRY_GRACE_MS_DEFAULT)
  const holds = command.holdIds.filter((id) => expireHold(draft, id, limitMs)).length
  const orders = command.orderIds.filter((id) => expireOrder(draft, id, limitMs)).length
  return { type: 'expired', holds, orders }
}

/**
 * Expires what is due, oldest first, until `quantity` units are free or nothing is due any more. The cutoff is the
 * acceptance of the command that needs them: whatever was accepted before it stands before it in the lane.
 */
export function makeRoom(draft: Draft, quantity: number, acceptedAtMs: number): boolean {
  const enough = () => available(readProduct(draft)) >= quantity
  if (enough()) return true
  const limitMs = dueBefore(acceptedAtMs, draft.nowMs, EXPIRY_GRACE_MS_DEFAULT)
  const { holdIds, orderIds } = dueOf(draft)
  for (const holdId of holdIds) {
    if (expireHold(draft, holdId, limitMs)) draft.given.holdIds.push(holdId)
    if (enough()) return true
  }
  for (const orderId of orderIds) {
    if (expireOrder(draft, orderId, limitMs)) draft.given.orderIds.push(orderId)
    if (enough()) return true
  }
  return false
}

function expireHold(draft: Draft, holdId: string, limitMs: number): boolean {
  const hold = readHold(draft, holdId)
  if (hold?.status !== 'active' || hold.expiresAtMs > limitMs) return false
  writeHold(draft, { ...hold, status: 'expired', endedAtMs: draft.nowMs })
  moveStock(draft, { held: -hold.quantity })
  return true
}

/** Money that waits for the order is heard first: an order whose payment was told in time does not expire. */
function expireOrder(draft: Draft, orderId: string, limitMs: number): boolean {
  const order = readOrder(draft, orderId)
  if (!isDue(order, limitMs)) return false
  const references = [order.orderId, order.holdId, ...order.payments.map((each) => each.reference)]
  const names = new Set(references.filter((name) => name !== null))
  const heard = applyEvents(draft, order, takeWaitingEvents(draft, names))
  if (heard.status !== 'pending') return true
  writeOrder(draft, { ...heard, status: 'expired', endedAtMs: draft.nowMs })
  moveStock(draft, { held: -heard.quantity })
  return true
}

const isDue = (order: Order | undefined, limitMs: number): order is Order =>
  order?.status === 'pending' && order.paymentDueAtMs !== null && order.paymentDueAtMs <= limitMs
