/** What one command has changed so far, over the state it started from. Reads see its own writes; the state stays as it was. */
import { invariant } from '../invariant.ts'
import type { Hold, Order, PaymentEvent, Product, ReferenceOwner, Refund, State } from '../state.ts'
import { eventId, eventReference } from '../state.ts'
import { evolveCustomer } from './customer.ts'

export type Change =
  | { readonly entity: 'product'; readonly before: Product | null; readonly after: Product }
  | { readonly entity: 'hold'; readonly before: Hold | null; readonly after: Hold }
  | { readonly entity: 'order'; readonly before: Order | null; readonly after: Order }
  | { readonly entity: 'event'; readonly before: PaymentEvent | null; readonly after: PaymentEvent }
  | { readonly entity: 'refund'; readonly before: Refund | null; readonly after: Refund }

/** What a decision took from outside the product's own rows, so that it can be decided again from the journal alone. */
export type Given = {
  readonly events: PaymentEvent[]
  /** What was expired to make room. */
  readonly expiredIds: string[]
  /** Payment references of other products' orders, and those whose money goes back already, by reference. */
  readonly owners: Record<string, ReferenceOwner>
  readonly refunds: Record<string, string>
}

export const noneGiven = (): Given => ({ events: [], expiredIds: [], owners: {}, refunds: {} })

export type Draft = {
  readonly state: State
  readonly productId: number
  readonly nowMs: number
  readonly changes: Map<string, Change>
  readonly given: Given
  /** Holds that do not make room, however long they are due: this command decides on them itself. */
  readonly spared: Set<string>
}

export const createDraft = (state: State, productId: number, nowMs: number): Draft => ({
  state,
  productId,
  nowMs,
  changes: new Map(),
  given: noneGiven(),
  spared: new Set(),
})

export function readProduct(draft: Draft): Product {
  const change = draft.changes.get('product')
  const product = change?.after ?? draft.state.products.get(draft.productId)
  invariant(product !== undefined, 'a command reached a product that does not exist', {
    productId: draft.productId,
  })
  return product as Product
}

export const readHold = (draft: Draft, holdId: string): Hold | undefined =>
  (draft.changes.get(holdId)?.after as Hold | undefined) ?? draft.state.holds.get(holdId)

export const readOrder = (draft: Draft, orderId: string): Order | undefined =>
  (draft.changes.get(orderId)?.after as Order | undefined) ?? draft.state.orders.get(orderId)

const readEvent = (draft: Draft, id: string): PaymentEvent | undefined =>
  (draft.changes.get(id)?.after as PaymentEvent | undefined) ?? draft.state.events.get(id)

/** Adds to the product's counters. The same rule stands as a CHECK in the database. */
export function moveStock(
  draft: Draft,
  by: { held?: number; sold?: number; total?: number },
): void {
  const before = readProduct(draft)
  const after = {
    ...before,
    stockTotal: before.stockTotal + (by.total ?? 0),
    held: before.held + (by.held ?? 0),
    sold: before.sold + (by.sold ?? 0),
  }
  const fits = after.held >= 0 && after.sold >= 0 && after.held + after.sold <= after.stockTotal
  invariant(fits, 'the counters of a product do not add up', { before, by })
  put(draft, 'product', { entity: 'product', before, after })
}

export function writeProduct(draft: Draft, after: Product): void {
  const before = draft.state.products.get(draft.productId) ?? null
  put(draft, 'product', { entity: 'product', before, after })
}

export function writeHold(draft: Draft, after: Hold): void {
  put(draft, after.holdId, { entity: 'hold', before: readHold(draft, after.holdId) ?? null, after })
}

export function writeOrder(draft: Draft, after: Order): void {
  put(draft, after.orderId, {
    entity: 'order',
    before: readOrder(draft, after.orderId) ?? null,
    after,
  })
}

export function writeEvent(draft: Draft, after: PaymentEvent): void {
  const id = eventId(after)
  put(draft, id, { entity: 'event', before: readEvent(draft, id) ?? null, after })
}

export function writeRefund(draft: Draft, after: Refund): void {
  const before = draft.state.refunds.get(after.refundId) ?? null
  put(draft, after.refundId, { entity: 'refund', before, after })
}

export function readRefund(draft: Draft, refundId: string): Refund | undefined {
  const changed = draft.changes.get(refundId)?.after as Refund | undefined
  return changed ?? draft.state.refunds.get(refundId)
}

/** The order that a payment reference belongs to: the first that named it or was paid by it. */
export function ownerOf(draft: Draft, reference: string): ReferenceOwner | undefined {
  for (const change of draft.changes.values()) {
    if (change.entity !== 'order') continue
    const payment = change.after.payments.find((each) => each.reference === reference)
    if (payment) return { orderId: change.after.orderId, status: payment.status }
  }
  const owner = draft.state.referenceOwners.get(reference)
  if (owner && isOthers(draft, owner.orderId)) note(draft.given.owners, reference, owner)
  return owner
}

/** Assigned, a reference that is called `__proto__` would be lost. */
function note<Value>(into: Record<string, Value>, reference: string, value: Value): void {
  const own = { value, enumerable: true, configurable: true, writable: true }
  Object.defineProperty(into, reference, own)
}

const isOthers = (draft: Draft, id: string): boolean => Number(id.split('_')[1]) !== draft.productId

/** The refund that gives the money of this reference back, if there is one. */
export function refundOf(draft: Draft, reference: string): string | undefined {
  for (const change of draft.changes.values()) {
    if (change.entity === 'refund' && change.after.reference === reference) {
      return change.after.refundId
    }
  }
  const refundId = draft.state.refundedReferences.get(reference)
  if (refundId !== undefined && isOthers(draft, refundId)) {
    note(draft.given.refunds, reference, refundId)
  }
  return refundId
}

/** Events that wait under these references, in order of arrival. One that names an order or a hold is that one's only. */
export function takeWaitingEvents(
  draft: Draft,
  references: ReadonlySet<string>,
): readonly PaymentEvent[] {
  const waiting: PaymentEvent[] = []
  for (const [id, stored] of draft.state.events) {
    const event = readEvent(draft, id) ?? stored
    if (event.state === 'done') continue
    const reference = eventReference(event)
    if (reference !== null && references.has(reference)) waiting.push(event)
  }
  waiting.sort((a, b) => a.acceptedAtMs - b.acceptedAtMs || compare(eventId(a), eventId(b)))
  draft.given.events.push(...waiting)
  return waiting
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const dueOf = (draft: Draft): readonly string[] => draft.state.due.get(draft.productId) ?? []

function put(draft: Draft, key: string, change: Change): void {
  const earlier = draft.changes.get(key)
  const merged = earlier ? ({ ...change, before: earlier.before } as Change) : change
  draft.changes.set(key, merged)
}

/** Takes over what a decision changed. */
export function evolve(state: State, changes: Iterable<Change>): void {
  for (const change of changes) {
    if (state.customers.size > 0) evolveCustomer(state, change)
    know(state, change)
  }
}

type Known = {
  [Each in Change as Each['entity']]: Pick<Each, 'entity' | 'after'>
}[Change['entity']]

/** Takes a row over as it stands. Loaded, it is no change: what customers have was counted with it. */
export function know(state: State, { entity, after }: Known): void {
  switch (entity) {
    case 'product':
      state.products.set(after.productId, after)
      break
    case 'hold':
      state.holds.set(after.holdId, after)
      break
    case 'order':
      state.orders.set(after.orderId, after)
      for (const { reference, status } of after.payments) {
        if (reference !== null) {
          state.referenceOwners.set(reference, { orderId: after.orderId, status })
        }
      }
      break
    case 'event':
      state.events.set(eventId(after), after)
      break
    case 'refund':
      state.refunds.set(after.refundId, after)
      if (after.reference !== null) state.refundedReferences.set(after.reference, after.refundId)
      break
  }
}
