/**
 * The tables beside the replay. What is in memory is only what is not as it will end: whatever the journal has brought
 * to what its row says is dropped, since the journal does not change it any more, and whoever names it later reads the
 * row again. So memory follows what is alive at one time, not how much there ever was; and every row is compared.
 */
import {
  countOrder,
  type Hold,
  type Order,
  type PaymentEvent,
  type Refund,
  type State,
} from '@flashlane/core'
import type { OrderBook } from '@flashlane/db'
import type { Books } from './books.ts'
import type { Entry } from './entry.ts'
import { type Findings, ofProduct } from './findings.ts'
import { namesIn } from './names.ts'
import { countCustomer, type Replay, type Stretch } from './replay.ts'
import { difference, isSame } from './same.ts'

type Loaded = { readonly events: ReadonlyMap<string, PaymentEvent> }

export function createTables(books: Books, replay: Replay, facts: Facts) {
  const { productId, findings } = facts
  const { state } = replay
  const loaded = { holds: new Set<string>(), orders: new Set<string>() }

  /** Rows say how things ended: one that is not in memory was born before, or is not there yet. */
  const isThere = ({ bornVersion }: Hold | Order, firstSeq: number) => bornVersion < firstSeq

  function know(holds: readonly Hold[], orders: readonly OrderBook[], firstSeq: number): void {
    for (const hold of holds) {
      if (hold.productId !== productId || state.holds.has(hold.holdId)) continue
      if (!isThere(hold, firstSeq)) continue
      state.holds.set(hold.holdId, hold)
      loaded.holds.add(hold.holdId)
    }
    for (const { order, refunds } of orders) {
      if (state.orders.has(order.orderId) || !isThere(order, firstSeq)) continue
      knowOrder(state, order, refunds)
      loaded.orders.add(order.orderId)
    }
  }

  /** Brings into the state all that the entries name. */
  async function load(entries: readonly Entry[]): Promise<Loaded> {
    const firstSeq = entries[0]?.seq ?? 0
    const names = namesIn(entries, { productId, state })
    const lacking = (ids: Iterable<string>, known: ReadonlyMap<string, unknown>) =>
      [...ids].filter((id) => !known.has(id))

    know(await books.holds(lacking(names.holds, state.holds)), [], firstSeq)
    const ids = lacking(names.orders, state.orders)
    const ofHolds = [...names.holdsOfOrders].flatMap((id) => state.holds.get(id)?.orderId ?? [])
    ids.push(...lacking(ofHolds, state.orders))
    know([], await books.orders(productId, { ids: [...new Set(ids)] }), firstSeq)
    await loadByReference(names.references, [...names.orders, ...ofHolds], firstSeq)
    const outcomes = await books.outcomes([...names.outcomes])
    for (const [commandId, stored] of outcomes) {
      if (stored.outcome.version < firstSeq) state.outcomes.set(commandId, stored)
    }
    await loadCustomers([...names.customers], firstSeq)
    return { events: await books.events([...names.events.values()]) }
  }

  /** Whose a payment reference is may lead to an order, whose payments have references in their turn. */
  async function loadByReference(
    named: ReadonlySet<string>,
    orderIds: readonly string[],
    firstSeq: number,
  ): Promise<void> {
    const asked = new Set<string>()
    let references = [
      ...named,
      ...referencesOf(orderIds.flatMap((id) => state.orders.get(id) ?? [])),
    ]
    while (references.length > 0) {
      for (const reference of references) asked.add(reference)
      const found = await books.orders(productId, { references })
      know([], found, firstSeq)
      references = referencesOf(found.map(({ order }) => order)).filter((each) => !asked.has(each))
    }
  }

  async function loadCustomers(customerRefs: readonly string[], firstSeq: number): Promise<void> {
    const { holds, orders } = await books.ofCustomers(productId, customerRefs)
    const holdsBy = Map.groupBy(holds, (hold) => hold.customerRef)
    const ordersBy = Map.groupBy(orders, ({ order }) => order.customerRef)
    for (const customerRef of customerRefs) {
      const held = holdsBy.get(customerRef) ?? []
      know(held, [], firstSeq)
      const units = (ordersBy.get(customerRef) ?? []).reduce((sum, { order }) => {
        const known = state.orders.get(order.orderId)
        return sum + countOrder(known ?? (isThere(order, firstSeq) ? order : null))
      }, 0)
      const his = held.flatMap((hold) => state.holds.get(hold.holdId) ?? [])
      countCustomer(state, productId, customerRef, { holds: his, units })
    }
  }

  /** Compares what a stretch of the journal changed with its rows, and drops what is as it will end. */
  async function settle({ holds, orders, events, outcomes }: Stretch, rows: Loaded): Promise<void> {
    for (const hold of await books.holds([...holds])) {
      if (isSame(hold, state.holds.get(hold.holdId))) state.holds.delete(hold.holdId)
    }
    for (const { order, refunds } of await books.orders(productId, { ids: [...orders] })) {
      const known = state.orders.get(order.orderId)
      if (known && isSame(order, known) && isSame(refunds, refundsOf(state, known))) {
        forgetOrder(state, known)
      }
    }
    for (const id of loaded.holds) if (!holds.has(id)) state.holds.delete(id)
    for (const id of loaded.orders) {
      const known = orders.has(id) ? undefined : state.orders.get(id)
      if (known) forgetOrder(state, known)
    }
    loaded.holds.clear()
    loaded.orders.clear()
    state.customers.clear()
    state.outcomes.clear()
    checkEvents(findings, events, rows.events)
    const stored = await books.outcomes([...outcomes.keys()])
    for (const [commandId, { outcome, place }] of outcomes) {
      findings.look('C2', 'stored outcomes')
      const row = stored.get(commandId)
      // What failed may have been a repeat: then the first outcome stands.
      if (outcome.outcome === 'error' && row) continue
      if (!row) findings.blame('C2', place, `the outcome of ${commandId} is not stored`)
      else if (!isSame(row.outcome, outcome)) {
        const differs = difference(row.outcome, outcome)
        findings.blame('C2', place, `the stored outcome of ${commandId} differs: ${differs}`)
      }
    }
  }

  /** At the journal's end, whatever is left differs from its row. */
  async function settleAll(): Promise<void> {
    const place = ofProduct(productId)
    for (const ids of pagesOf(state.holds.keys())) {
      const rows = new Map((await books.holds(ids)).map((hold) => [hold.holdId, hold]))
      for (const id of ids) {
        const row = rows.get(id)
        const hold = state.holds.get(id) as Hold
        const tells = row ? `is not as the journal left it: ${difference(row, hold)}` : 'is missing'
        findings.blame('C8', place, `the row of the hold ${id} ${tells}`)
      }
    }
    for (const ids of pagesOf(state.orders.keys())) {
      const found = await books.orders(productId, { ids })
      const rows = new Map(found.map((each) => [each.order.orderId, each]))
      for (const id of ids) {
        const row = rows.get(id)
        const order = state.orders.get(id) as Order
        const differs = row && differenceOf(row, { order, refunds: refundsOf(state, order) })
        const tells = row ? `is not as the journal left it: ${differs}` : 'is missing'
        findings.blame('C7', place, `the row of the order ${id} ${tells}`)
      }
    }
  }

  return { load, settle, settleAll }
}

type Facts = { readonly productId: number; readonly findings: Findings }

const PAGE = 500

function* pagesOf(ids: Iterable<string>): Generator<readonly string[]> {
  const all = [...ids]
  for (let from = 0; from < all.length; from += PAGE) yield all.slice(from, from + PAGE)
}

const differenceOf = (row: OrderBook, known: OrderBook): string =>
  [
    difference(row.order, known.order),
    isSame(row.refunds, known.refunds)
      ? ''
      : difference({ refunds: row.refunds }, { refunds: known.refunds }),
  ]
    .filter((text) => text !== '')
    .join('; ')

const referencesOf = (orders: readonly Order[]): string[] =>
  orders.flatMap(({ payments }) => payments.flatMap(({ reference }) => reference ?? []))

const refundIds = ({ orderId, payments }: Order): readonly string[] =>
  payments.map((_, n) => `${orderId.replace('ord_', 'rfd_')}_${n}`).toSorted()

const refundsOf = (state: State, order: Order): readonly Refund[] =>
  refundIds(order).flatMap((id) => state.refunds.get(id) ?? [])

export function knowOrder(state: State, order: Order, refunds: readonly Refund[]): void {
  state.orders.set(order.orderId, order)
  for (const { reference, status } of order.payments) {
    if (reference !== null) state.referenceOwners.set(reference, { orderId: order.orderId, status })
  }
  for (const refund of refunds) {
    state.refunds.set(refund.refundId, refund)
    if (refund.reference !== null) state.refundedReferences.set(refund.reference, refund.refundId)
  }
}

function forgetOrder(state: State, order: Order): void {
  state.orders.delete(order.orderId)
  for (const { reference } of order.payments) {
    if (reference === null) continue
    if (state.referenceOwners.get(reference)?.orderId === order.orderId) {
      state.referenceOwners.delete(reference)
    }
  }
  for (const refund of refundsOf(state, order)) {
    state.refunds.delete(refund.refundId)
    if (refund.reference === null) continue
    if (state.refundedReferences.get(refund.reference) === refund.refundId) {
      state.refundedReferences.delete(refund.reference)
    }
  }
}

/** A webhook that was answered is in the table, as the journal left it. One that was parked may have gone on elsewhere. */
function checkEvents(
  findings: Findings,
  events: Stretch['events'],
  rows: ReadonlyMap<string, PaymentEvent>,
): void {
  for (const [id, { change, place }] of events) {
    findings.look('C7', 'payment events in the journal')
    const row = rows.get(id)
    const { after } = change
    if (!row) findings.blame('C7', place, `the payment event ${id} is not in the table`)
    else if (after.state === 'done' && !isSame(row, after)) {
      const differs = difference(row, after)
      findings.blame('C7', place, `the row of the payment event ${id} differs: ${differs}`)
    } else if (row.state === 'waiting') {
      findings.blame('C7', place, `the payment event ${id} was applied and waits again`)
    }
  }
}
