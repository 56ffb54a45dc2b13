/** The rules of a hold. */
import type { PlaceHold, ReleaseHold } from '../command.ts'
import type { Result } from '../outcome.ts'
import type { Hold } from '../state.ts'
import { available } from '../state.ts'
import { type Draft, moveStock, readHold, readProduct, writeHold } from './draft.ts'
import { makeRoom } from './expiry.ts'
import { type Refusal, refuse } from './refuse.ts'

export function placeHold(draft: Draft, command: PlaceHold): Result | Refusal {
  const { quantity, ttlMs } = command
  if (!makeRoom(draft, quantity, command.acceptedAtMs)) {
    return refuse('insufficient_stock', {
      available: available(readProduct(draft)),
      requested: quantity,
    })
  }
  const product = readProduct(draft)
  // Counted from now, not from acceptance: the buyer gets the whole TTL, however long the queue was.
  const expiresAtMs = draft.nowMs + ttlMs
  const hold: Hold = {
    holdId: command.holdId,
    productId: product.productId,
    status: 'active',
    quantity,
    requestedQuantity: quantity,
    unitPrice: product.price,
    currency: product.currency,
    customerRef: command.customerRef,
    createdAtMs: draft.nowMs,
    expiresAtMs,
    ttlMs,
    orderId: null,
    endedAtMs: null,
    bornExpiresAtMs: expiresAtMs,
    bornVersion: product.version,
    fingerprint: command.fingerprint ?? null,
  }
  writeHold(draft, hold)
  moveStock(draft, { held: quantity })
  return holdResult(hold)
}

export function releaseHold(draft: Draft, command: ReleaseHold): Result | Refusal {
  const hold = readHold(draft, command.holdId)
  if (!hold) return refuse('hold_not_found')
  if (hold.status === 'ordered') return refuse('hold_converted', { order_id: hold.orderId })
  if (hold.status !== 'active') return holdResult(hold)

  const released: Hold = { ...hold, status: 'released', endedAtMs: draft.nowMs }
  writeHold(draft, released)
  moveStock(draft, { held: -hold.quantity })
  return holdResult(released)
}

const holdResult = (hold: Hold): Result => ({
  type: 'hold',
  hold: {
    holdId: hold.holdId,
    productId: hold.productId,
    quantity: hold.quantity,
    requestedQuantity: hold.requestedQuantity,
    unitPrice: hold.unitPrice,
    currency: hold.currency,
    status: hold.status,
    expiresAtMs: hold.expiresAtMs,
    ttlMs: hold.ttlMs,
  },
})

/** What the hold's request was answered at first, whatever became of it since. */
export const holdAtBirth = (hold: Hold): Result =>
  holdResult({ ...hold, status: 'active', expiresAtMs: hold.bornExpiresAtMs })
