/**
 * Turns plain holds away at the door for a moment after their lane said that nothing is left. It never grants, and what
 * goes past it goes to the lane, so that a unit which comes back is found within SOLD_OUT_MS.
 */
import type { Command, Outcome, PlaceHold } from '@flashlane/core'

/** How long a lane's no is believed: then the next hold asks the lane again. */
const SOLD_OUT_MS = 200
const PRODUCTS_MAX = 10_000

export type SoldOut = {
  /** What the lane would say of a plain hold, as far as it said so just now. */
  refusal(hold: Pick<PlaceHold, 'productId' | 'quantity' | 'customerRef'>): Outcome | null
  learn(command: Command, outcome: Outcome): void
}

type Said = {
  readonly untilMs: number
  readonly version: number
  /** It was said of so many, and of a buyer with or without a name: of others the lane may say something else. */
  readonly quantity: number
  readonly isAnonymous: boolean
}

export function createSoldOut({ monotonicMs }: { monotonicMs(): number }): SoldOut {
  const products = new Map<number, Said>()

  return {
    refusal({ productId, quantity, customerRef }) {
      const said = products.get(productId)
      if (said === undefined) return null
      if (monotonicMs() >= said.untilMs) {
        products.delete(productId)
        return null
      }
      const isOfOthers = quantity > said.quantity || (customerRef === null && !said.isAnonymous)
      if (isOfOthers) return null
      return {
        outcome: 'refused',
        reason: 'insufficient_stock',
        facts: { available: 0, requested: quantity },
        version: said.version,
      }
    },

    learn(command, outcome) {
      const { productId } = command
      if (command.type !== 'PlaceHold') {
        // It may have freed units, or changed the sale.
        if (command.type !== 'PlaceOrder') products.delete(productId)
        return
      }
      if (!saysSoldOut(outcome)) return
      const known = products.get(productId)
      if (known && known.version > outcome.version) return
      if (!known && products.size >= PRODUCTS_MAX) products.clear()
      products.set(productId, {
        untilMs: monotonicMs() + SOLD_OUT_MS,
        version: outcome.version,
        quantity: command.quantity,
        isAnonymous: command.customerRef === null,
      })
    },
  }
}

const saysSoldOut = (outcome: Outcome): boolean =>
  outcome.outcome === 'refused' &&
  !outcome.replayed &&
  outcome.reason === 'insufficient_stock' &&
  outcome.facts['available'] === 0
