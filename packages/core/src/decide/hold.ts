/** The rules of a hold. */
import type { ExtendHold, PlaceHold, ReleaseHold } from '../command.ts'
import type { Result } from '../outcome.ts'
import type { Hold, Product } from '../state.ts'
import { available } from '../state.ts'
import { readCustomer } from './customer.ts'
import { type Draft, moveStock, readHold, readProduct, writeHold } from './draft.ts'
import { makeRoom } from './expiry.ts'
import { refuseUnlessOnSale } from './product.ts'
import { type Refusal, refuse } from './refuse.ts'

export function placeHold(draft: Draft, command: PlaceHold): Result | Refusal {
  const { quantity: requestedQuantity, customerRef, ttlMs } = command
  const product = readProduct(draft)
  const refused =
    refuseUnlessOnSale(product, command.acceptedAtMs) ?? refuseUnlessAllowed(product, command)
  if (refused) return refused

  const replaced = command.replaceExisting ? activeHoldsOf(draft, customerRef) : []
  const replacedUnits = unitsOf(replaced)
  for (const { holdId } of replaced) draft.spared.add(holdId)
  makeRoom(draft, requestedQuantity - replacedUnits, command.acceptedAtMs)
  const free = available(readProduct(draft)) + replacedUnits
  const quantity = command.allowPartial ? Math.min(requestedQuantity, free) : requestedQuantity
  if (quantity === 0 || quantity > free) {
    return refuse('insufficient_stock', {
      available: available(readProduct(draft)),
      requested: requestedQuantity,
    })
  }
  if (product.maxPerCustomer !== null && customerRef !== null) {
    const used = readCustomer(draft, customerRef).units
    if (used - replacedUnits + quantity > product.maxPerCustomer) {
      return refuse('customer_limit', { limit: product.maxPerCustomer, used })
    }
  }
  for (const hold of replaced) release(draft, hold)

  const hold = newHold(command, { quantity, terms: product, nowMs: draft.nowMs })
  writeHold(draft, hold)
  moveStock(draft, { held: quantity })
  return holdResult(hold, ttlMs)
}

type Granted = {
  readonly quantity: number
  readonly terms: Pick<Product, 'price' | 'currency' | 'version'>
  readonly nowMs: number
}

/** What a command makes of its units. Counted from now, not from acceptance: the buyer gets the whole TTL, however long the queue was. */
export function newHold(command: PlaceHold, { quantity, terms, nowMs }: Granted): Hold {
  const { holdId, productId, ttlMs, customerRef } = command
  const expiresAtMs = nowMs + ttlMs
  return {
    holdId,
    productId,
    status: 'active',
    quantity,
    requestedQuantity: command.quantity,
    unitPrice: terms.price,
    currency: terms.currency,
    customerRef,
    createdAtMs: nowMs,
    expiresAtMs,
    ttlMs,
    extensions: 0,
    orderId: null,
    endedAtMs: null,
    bornExpiresAtMs: expiresAtMs,
    bornVersion: terms.version,
    fingerprint: command.fingerprint ?? null,
  }
}

function refuseUnlessAllowed(
  { maxPerHold, maxPerCustomer }: Product,
  { quantity, customerRef }: PlaceHold,
): Refusal | null {
  if (maxPerHold !== null && quantity > maxPerHold) {
    return refuse('quantity_above_limit', { limit: maxPerHold })
  }
  if (maxPerCustomer !== null && customerRef === null) return refuse('customer_ref_required')
  return null
}

/** Sorted: they may have been loaded in any order, and the same command is to change the same things in the same order. */
function activeHoldsOf(draft: Draft, customerRef: string | null): readonly Hold[] {
  if (customerRef === null) return []
  const { activeHoldIds } = readCustomer(draft, customerRef)
  return activeHoldIds.toSorted().flatMap((id) => readHold(draft, id) ?? [])
}

const unitsOf = (holds: readonly Hold[]): number =>
  holds.reduce((sum, hold) => sum + hold.quantity, 0)

/** Counted from now, never to an earlier end than before, and never past the hold's lifetime. */
export function extendHold(draft: Draft, command: ExtendHold): Result | Refusal {
  const hold = readHold(draft, command.holdId)
  if (!hold) return refuse('hold_not_found')
  if (hold.status === 'ordered') return refuse('hold_converted', { order_id: hold.orderId })
  if (hold.status === 'released') return refuse('hold_released')
  const isLate = Math.min(command.acceptedAtMs, draft.nowMs) >= hold.expiresAtMs
  if (hold.status === 'expired' || isLate) return refuse('hold_expired')
  if (hold.extensions >= command.extensionsMax) {
    return refuse('extend_limit', { limit: command.extensionsMax })
  }

  const lastMs = hold.createdAtMs + Math.max(hold.ttlMs, command.lifetimeMs)
  const wantedMs = Math.min(draft.nowMs + command.extendMs, lastMs)
  const extended: Hold = {
    ...hold,
    expiresAtMs: Math.max(hold.expiresAtMs, wantedMs),
    extensions: hold.extensions + 1,
  }
  writeHold(draft, extended)
  return holdResult(extended, Math.max(0, extended.expiresAtMs - draft.nowMs))
}

export function releaseHold(draft: Draft, command: ReleaseHold): Result | Refusal {
  const hold = readHold(draft, command.holdId)
  if (!hold) return refuse('hold_not_found')
  if (hold.status === 'ordered') return refuse('hold_converted', { order_id: hold.orderId })
  if (hold.status !== 'active') return holdResult(hold, 0)

  return holdResult(release(draft, hold), 0)
}

function release(draft: Draft, hold: Hold): Hold {
  const released: Hold = { ...hold, status: 'released', endedAtMs: draft.nowMs }
  writeHold(draft, released)
  moveStock(draft, { held: -hold.quantity })
  return released
}

const holdResult = (hold: Hold, expiresInMs: number): Result => ({
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
    expiresInMs,
  },
})

/** What the hold's request was answered at first, whatever became of it since. */
export const holdAtBirth = (hold: Hold): Result =>
  holdResult({ ...hold, status: 'active', expiresAtMs: hold.bornExpiresAtMs }, hold.ttlMs)
