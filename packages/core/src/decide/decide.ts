/** The rule book: what a command does to the state, and what it is answered. Pure: reads no clock and no setting. */
import type { Command } from '../command.ts'
import type { Outcome, Result } from '../outcome.ts'
import type { State } from '../state.ts'
import { type Change, createDraft, type Draft, type Given } from './draft.ts'
import { expireDue } from './expiry.ts'
import { extendHold, holdAtBirth, placeHold, releaseHold } from './hold.ts'
import { cancelOrder, orderAtBirth, placeOrder } from './order.ts'
import { recordPayment } from './payment.ts'
import { changeProduct, createProduct } from './product.ts'
import { settleRefund } from './refund.ts'
import type { Refusal } from './refuse.ts'
import { adjustStock } from './stock.ts'

export type Decision = {
  readonly outcome: Outcome
  readonly changes: readonly Change[]
  readonly given: Given
}

/** `nowMs` is the database's clock, read under the product's lock. The state is left as it was. */
export function decide(command: Command, state: State, nowMs: number): Decision {
  const version = state.products.get(command.productId)?.version ?? 1
  const draft = createDraft(state, command.productId, nowMs)
  const repeated = command.fingerprint === undefined ? null : answerAgain(command, state)
  if (repeated) return { outcome: repeated, changes: [], given: draft.given }

  const said = dispatch(draft, command)
  const outcome: Outcome =
    said.type === 'refusal'
      ? { outcome: 'refused', reason: said.reason, facts: said.facts, version }
      : { outcome: 'accepted', result: said, version }
  return { outcome, changes: [...draft.changes.values()], given: draft.given }
}

function dispatch(draft: Draft, command: Command): Result | Refusal {
  switch (command.type) {
    case 'PlaceHold':
      return placeHold(draft, command)
    case 'ExtendHold':
      return extendHold(draft, command)
    case 'ReleaseHold':
      return releaseHold(draft, command)
    case 'PlaceOrder':
      return placeOrder(draft, command)
    case 'CancelOrder':
      return cancelOrder(draft, command)
    case 'RecordPayment':
      return recordPayment(draft, command)
    case 'ExpireDue':
      return expireDue(draft, command)
    case 'AdjustStock':
      return adjustStock(draft, command)
    case 'ChangeProduct':
      return changeProduct(draft, command)
    case 'SettleRefund':
      return settleRefund(draft, command)
    case 'CreateProduct':
      return createProduct(draft, command)
  }
}

/** A keyed command whose twin was decided before gets the same outcome, that of its birth. */
function answerAgain(command: Command, state: State): Outcome | null {
  const stored = state.outcomes.get(command.commandId)
  if (stored) return { ...stored.outcome, replayed: { fingerprint: stored.fingerprint } }
  if (command.type === 'PlaceHold') {
    const hold = state.holds.get(command.holdId)
    return hold ? again(holdAtBirth(hold), hold) : null
  }
  if (command.type === 'PlaceOrder') {
    const order = state.orders.get(command.orderId)
    return order ? again(orderAtBirth(order), order) : null
  }
  return null
}

const again = (
  result: Result,
  born: { bornVersion: number; fingerprint: string | null },
): Outcome => ({
  outcome: 'accepted',
  result,
  version: born.bornVersion,
  replayed: { fingerprint: born.fingerprint },
})
