/** What `packages/db` loads for a batch's commands, from the simulated tables: the same rows under the same locks. */
import {
  type Command,
  customerKey,
  countOrder,
  eventId,
  EXPIRE_MAX,
  EXPIRY_GRACE_MS,
  type Hold,
  know,
  type Order,
  type PaymentEvent,
  type Refund,
  type State,
} from '@flashlane/core'
import { namedBy } from '@flashlane/db'
import { eventReference } from '@flashlane/core'
import type { Mutation } from '../mutations.ts'
import type { Session } from './session.ts'
import type { EventRow, Tables } from './tables.ts'

export type Loading = {
  readonly session: Session
  readonly tables: Tables
  readonly state: State
  readonly mutation: Mutation | null
}

export async function load(loading: Loading, commands: readonly Command[]): Promise<void> {
  const { session, tables, state } = loading
  const named = namedBy(commands)
  for (const id of named.holds) takeHold(loading, session.get(tables.holds, id))
  for (const id of named.outcomes) {
    const stored = session.get(tables.outcomes, id)
    if (stored) state.outcomes.set(id, stored)
  }
  for (const [provider, keys] of named.eventKeys) {
    for (const eventKey of keys) await takeEvent(loading, eventId({ provider, eventKey }))
  }
  await loadWaiting(loading, named.waitingFor)
  for (const id of named.orders) takeOrder(loading, id)
  for (const id of named.holdsOfOrders) takeOrder(loading, session.get(tables.ordersOfHolds, id))
  for (const name of named.paymentsOfOrders) {
    takeOrder(loading, session.get(tables.ordersOfReferences, name))
  }
  await loadDueOrders(loading, [...named.dueOrders])
  await loadOwners(loading, named.paymentRefs)
}

function takeHold({ state, mutation }: Loading, hold: Hold | undefined): void {
  if (!hold) return
  const isHonoured = mutation === 'honour-expired-hold' && hold.status === 'expired'
  const endless = Number.MAX_SAFE_INTEGER
  const lie = { ...hold, status: 'active', expiresAtMs: endless } as const
  state.holds.set(hold.holdId, isHonoured ? lie : hold)
}

/** Locked first, and read when the lock is had: another lane, or the sweeper, may be at it. */
async function takeEvent(
  { session, tables, state }: Loading,
  key: string,
  is: (event: PaymentEvent) => boolean = () => true,
): Promise<void> {
  if (session.keysForUpdate(tables.events, (row) => eventId(row.event) === key).length === 0) return
  await session.lock(tables.events, key)
  const row = session.get(tables.events, key)
  if (row && is(row.event)) state.events.set(key, row.event)
}

const isUndone = ({ state }: PaymentEvent): boolean => state !== 'done'

async function loadWaiting(loading: Loading, names: ReadonlySet<string>): Promise<void> {
  if (names.size === 0) return
  const { session, tables } = loading
  const isNamed = ({ event }: EventRow) => names.has(eventReference(event) ?? '') && isUndone(event)
  for (const key of session.keysForUpdate(tables.events, isNamed)) {
    await takeEvent(loading, key, isUndone)
  }
}

function takeOrder({ session, tables, state }: Loading, orderId: string | undefined): void {
  const order = orderId === undefined ? undefined : session.get(tables.orders, orderId)
  if (!order) return
  for (const refund of session.all(tables.refunds)) {
    const { reference } = refund
    if (refund.orderId === order.orderId) know(state, { entity: 'refund', after: refund as Refund })
    if (reference !== null && order.payments.some((each) => each.reference === reference)) {
      state.refundedReferences.set(reference, refund.refundId)
    }
  }
  know(state, { entity: 'order', after: order })
}

async function loadDueOrders(loading: Loading, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const { session, tables } = loading
  const names = new Set<string>()
  for (const id of ids) {
    takeOrder(loading, id)
    const order = session.get(tables.orders, id)
    if (!order) continue
    for (const name of [id, order.holdId, ...order.payments.map((each) => each.reference)]) {
      if (name !== null) names.add(name)
    }
  }
  await loadWaiting(loading, names)
}

/** Read for update: whose a reference is does not change under us, where it is somebody's. */
async function loadOwners(
  { session, tables, state }: Loading,
  references: Iterable<string>,
): Promise<void> {
  for (const reference of references) {
    const isThere = session.keysForUpdate(tables.orders, (order) => hasPayment(order, reference))
    if (isThere.length > 0) await session.lock(tables.ordersOfReferences, reference)
    const orderId = session.get(tables.ordersOfReferences, reference)
    const order = orderId === undefined ? undefined : session.get(tables.orders, orderId)
    const payment = order?.payments.find((each) => each.reference === reference)
    if (order && payment) {
      state.referenceOwners.set(reference, { orderId: order.orderId, status: payment.status })
    }
    const refundId = session.get(tables.refundsOfReferences, reference)
    if (refundId !== undefined) state.refundedReferences.set(reference, refundId)
  }
}

const hasPayment = ({ payments }: Order, reference: string): boolean =>
  payments.some((each) => each.reference === reference)

/** What the loaded rows ask for in their turn. */
export async function loadOwnersOfWaiting(loading: Loading): Promise<boolean> {
  const { state } = loading
  const references = new Set<string>()
  for (const { state: standing, paymentRef } of state.events.values()) {
    if (standing === 'done' || paymentRef === null) continue
    if (!state.referenceOwners.has(paymentRef)) references.add(paymentRef)
  }
  await loadOwners(loading, references)
  return references.size > 0
}

/** What may be expired to make room, oldest deadline first. */
export async function loadDue(
  loading: Loading,
  { productId, beforeMs }: { productId: number; beforeMs: number },
): Promise<void> {
  const { session, tables, state } = loading
  const due: { id: string; atMs: number }[] = []
  for (const hold of session.all(tables.holds)) {
    if (hold.productId !== productId || hold.status !== 'active') continue
    if (hold.expiresAtMs > beforeMs) continue
    takeHold(loading, hold)
    due.push({ id: hold.holdId, atMs: hold.expiresAtMs })
  }
  const orders = dueOrders(session.all(tables.orders), beforeMs)
  const own = orders.filter((order) => order.productId === productId)
  await loadDueOrders(
    loading,
    own.map((order) => order.orderId),
  )
  due.push(...own.map((order) => ({ id: order.orderId, atMs: order.paymentDueAtMs ?? 0 })))
  due.sort((a, b) => a.atMs - b.atMs)
  state.due.set(
    productId,
    due.slice(0, EXPIRE_MAX).map((each) => each.id),
  )
}

export const dueOrders = (orders: readonly Order[], beforeMs: number): readonly Order[] =>
  orders.filter(
    ({ status, paymentDueAtMs }) =>
      status === 'pending' && paymentDueAtMs !== null && paymentDueAtMs <= beforeMs,
  )

export const roomBefore = (acceptedAtMs: number, nowMs: number): number =>
  Math.min(acceptedAtMs, nowMs) - EXPIRY_GRACE_MS

/** What customers have of a product. */
export function loadCustomers(
  loading: Loading,
  productId: number,
  customerRefs: readonly string[],
): void {
  const { session, tables, state } = loading
  for (const customerRef of customerRefs) {
    const isHis = (each: Hold | Order) =>
      each.productId === productId && each.customerRef === customerRef
    const active = session
      .all(tables.holds)
      .filter((hold) => isHis(hold) && hold.status === 'active')
    for (const hold of active) state.holds.set(hold.holdId, hold)
    const ordered = session.all(tables.orders).filter(isHis)
    state.customers.set(customerKey(productId, customerRef), {
      units:
        active.reduce((sum, hold) => sum + hold.quantity, 0) +
        ordered.reduce((sum, order) => sum + countOrder(order), 0),
      activeHoldIds: active.map((hold) => hold.holdId),
    })
  }
}
