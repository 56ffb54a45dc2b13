/** The rules of time running out: on command, and lazily when somebody needs the units. */
import type { ExpireDue } from '../command.ts'
import { EXPIRY_GRACE_MS } from '../limits.ts'
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
const dueBefore = (cutoffMs: number, nowMs: number): number =>
  Math.min(cutoffMs, nowMs) - EXPIRY_GRACE_MS

export function expireDue(draft: Draft, command: ExpireDue): Result {
  const limitMs = dueBefore(command.cutoffMs, draft.nowMs)
  const dealtWith = command.ids.filter((id) => expire(draft, id, limitMs))
  return {
    type: 'expired',
    holds: dealtWith.filter(isHoldId).length,
    // An order whose waiting payment was heard did not expire.
    orders: dealtWith.filter((id) => !isHoldId(id) && readOrder(draft, id)?.status === 'expired')
      .length,
  }
}

/**
 * Expires what is due, oldest first, until `quantity` units are free or nothing is due any more. The cutoff is the
 * acceptance of the command that needs them: whatever was accepted before it stands before it in the lane.
 */
export function makeRoom(draft: Draft, quantity: number, acceptedAtMs: number): boolean {
  const limitMs = dueBefore(acceptedAtMs, draft.nowMs)
  for (const id of dueOf(draft)) {
    if (available(readProduct(draft)) >= quantity) return true
    if (draft.spared.has(id)) continue
    if (expire(draft, id, limitMs)) draft.given.expiredIds.push(id)
  }
  return available(readProduct(draft)) >= quantity
}

const isHoldId = (id: string): boolean => id.startsWith('hold_')

const expire = (draft: Draft, id: string, limitMs: number): boolean =>
  isHoldId(id) ? expireHold(draft, id, limitMs) : expireOrder(draft, id, limitMs)

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
