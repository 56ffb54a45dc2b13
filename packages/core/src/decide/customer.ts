/** What a customer has of a product: counted from the rows once a batch, and carried along from change to change. */
import type { Customer, Hold, Order, State } from '../state.ts'
import { customerKey } from '../state.ts'
import type { Change, Draft } from './draft.ts'

const NOTHING: Customer = { units: 0, activeHoldIds: [] }

/** With what this command has done so far. Whoever was not asked about has nothing. */
export function readCustomer(draft: Draft, customerRef: string): Customer {
  const key = customerKey(draft.productId, customerRef)
  let customer = draft.state.customers.get(key) ?? NOTHING
  for (const change of draft.changes.values()) {
    if (customerOf(change) === key) customer = withChange(customer, change)
  }
  return customer
}

/** Takes a change over into what its customer has, if anybody asked about him. */
export function evolveCustomer(state: State, change: Change): void {
  const key = customerOf(change)
  const customer = key === null ? undefined : state.customers.get(key)
  if (key !== null && customer) state.customers.set(key, withChange(customer, change))
}

function customerOf(change: Change): string | null {
  if (change.entity !== 'hold' && change.entity !== 'order') return null
  const { productId, customerRef } = change.after
  return customerRef === null ? null : customerKey(productId, customerRef)
}

function withChange({ units, activeHoldIds }: Customer, change: Change): Customer {
  if (change.entity === 'order') {
    return { units: units + countOrder(change.after) - countOrder(change.before), activeHoldIds }
  }
  if (change.entity !== 'hold') return { units, activeHoldIds }
  const { before, after } = change
  const others = activeHoldIds.filter((id) => id !== after.holdId)
  return {
    units: units + countHold(after) - countHold(before),
    activeHoldIds: after.status === 'active' ? [...others, after.holdId] : others,
  }
}

const countHold = (hold: Hold | null): number => (hold?.status === 'active' ? hold.quantity : 0)

/** What was cancelled, has expired or goes back counts no more. */
export const countOrder = (order: Pick<Order, 'status' | 'quantity'> | null): number =>
  order && ['pending', 'confirmed', 'paid'].includes(order.status) ? order.quantity : 0
