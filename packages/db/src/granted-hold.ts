/**
 * A hold that was granted as it was asked for. A sale is made of these, so they have a record of their own: a few values,
 * from which command, outcome and changes follow. Whatever is in any way different is written in full.
 */
import {
  holdAtBirth,
  isAlike,
  isPlainHold,
  newHold,
  noneGiven,
  type PlaceHold,
  siblingId,
} from '@flashlane/core'
import { isGiven, type Numbered, type RecordedCommand, type Told } from './recorded.ts'

type Values = [
  n: number,
  holdId: string,
  /** From acceptance to application. */
  waitedMs: number,
  quantity: number,
  ttlMs: number,
  price: number,
  currency: string,
  heldBefore: number,
]
type Besides = { customerRef?: string; requestId?: string; fingerprint?: string }
export type GrantedHold = [...Values, besides: Besides]

export const isGranted = (record: object | GrantedHold): record is GrantedHold =>
  Array.isArray(record)

/** Null where the record could not tell it all. */
export function writeGranted({ n, decided }: Numbered, told: Told): GrantedHold | null {
  const { command, outcome, changes, given } = decided
  if (outcome.outcome !== 'accepted' || isGiven(given) || !isPlainHold(command)) return null
  if (outcome.version !== told.seq || outcome.replayed) return null
  const [hold, product] = changes
  if (changes.length !== 2 || hold?.entity !== 'hold' || product?.entity !== 'product') return null

  const { acceptedAtMs, holdId, quantity, ttlMs } = command
  const { customerRef, requestId, fingerprint } = command
  const { unitPrice: price, currency } = hold.after
  const terms = { price, currency, version: told.seq }
  const made = newHold(command, { quantity, terms, nowMs: told.appliedAtMs })
  if (hold.before !== null || !isAlike(hold.after, made)) return null
  const { before, after } = product
  if (before === null || after.held !== before.held + quantity) return null
  if (!isAlike(after, before, 'held')) return null

  const besides: Besides = {}
  if (customerRef !== null) besides.customerRef = customerRef
  if (requestId !== undefined) besides.requestId = requestId
  if (fingerprint !== undefined) besides.fingerprint = fingerprint
  const waitedMs = told.appliedAtMs - acceptedAtMs
  return [n, holdId, waitedMs, quantity, ttlMs, price, currency, before.held, besides]
}

export function readGranted(record: GrantedHold, told: Told): RecordedCommand {
  const [n, holdId, waitedMs, quantity, ttlMs, price, currency, heldBefore, besides] = record
  const productId = productOf(holdId)
  const command: PlaceHold = {
    type: 'PlaceHold',
    commandId: siblingId(holdId, 'cmd'),
    productId,
    acceptedAtMs: told.appliedAtMs - waitedMs,
    holdId,
    quantity,
    ttlMs,
    customerRef: null,
    ...besides,
  }
  const terms = { price, currency, version: told.seq }
  const hold = newHold(command, { quantity, terms, nowMs: told.appliedAtMs })
  const held = { before: { held: heldBefore }, after: { held: heldBefore + quantity } }
  return {
    n,
    command,
    given: noneGiven(),
    outcome: { outcome: 'accepted', result: holdAtBirth(hold), version: told.seq },
    changes: [
      { entity: 'hold', id: holdId, before: null, after: hold },
      { entity: 'product', id: String(productId), ...held },
    ],
  }
}

const productOf = (holdId: string): number => Number(holdId.slice(5, holdId.indexOf('_', 5)))
