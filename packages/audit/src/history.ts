/** Builders for the tests of the audit: a product's life as a journal and its rows, in memory. */
import {
  beginBatch,
  type Command,
  type CreateProduct,
  customersAskedFor,
  customerKey,
  type Decided,
  decideInto,
  demand,
  emptyState,
  type Order,
  type PaymentEvent,
  type Product,
  type Refund,
} from '@flashlane/core'
import { anId, customerIn, dueIn, PRICE, PRODUCT_ID, START_MS } from '@flashlane/core/builders.ts'
import { type Checkpoint, entryOf, type JournalRow, type OrderBook } from '@flashlane/db'
import type { Books } from './books.ts'

export type History = ReturnType<typeof makeHistory>

/** A product that is on sale; each `apply` is an entry of its journal. */
export function makeHistory({ stockTotal = 10 }: { stockTotal?: number } = {}) {
  const state = emptyState()
  const journal: JournalRow[] = []
  let nowMs = START_MS

  const write = (commands: readonly Decided[]) => {
    const { version, appliedAtMs } = state.products.get(PRODUCT_ID) as Product
    const head = { productId: PRODUCT_ID, seq: version, batchId: 'b', appliedAtMs }
    const { body, ...entry } = entryOf(
      head,
      commands.map((decided, n) => ({ n, decided })),
    )
    journal.push({ ...entry, body: body.json })
  }

  const apply = (...commands: Command[]): readonly Decided[] => {
    const product = state.products.get(PRODUCT_ID) as Product
    state.due.clear()
    if (demand(commands, product, state) > product.stockTotal - product.held - product.sold) {
      state.due.set(PRODUCT_ID, dueIn(state, PRODUCT_ID))
    }
    state.customers.clear()
    for (const name of customersAskedFor(commands, product)) {
      state.customers.set(customerKey(PRODUCT_ID, name), customerIn(state, PRODUCT_ID, name))
    }
    beginBatch(state, nowMs)
    const decided = commands.map((command) => decideInto(state, command, nowMs))
    write(decided)
    return decided
  }

  write([decideInto(state, aCreateProduct(stockTotal), nowMs)])
  return {
    state,
    journal,
    apply,
    now: (): { acceptedAtMs: number } => ({ acceptedAtMs: nowMs }),
    wait(ms: number): void {
      nowMs += ms
    },
  }
}

const aCreateProduct = (stockTotal: number): CreateProduct => ({
  type: 'CreateProduct',
  commandId: anId('cmd', 0),
  productId: PRODUCT_ID,
  acceptedAtMs: START_MS,
  name: 'A lamp',
  description: '',
  image: null,
  price: PRICE,
  currency: 'USD',
  saleStartsAtMs: null,
  saleEndsAtMs: null,
  maxPerHold: null,
  maxPerCustomer: null,
  isPaused: false,
  stockTotal,
})

/** The tables as the state has them, with the journal: as good as a database of one product and no orphans. */
export function booksOf({
  state,
  journal,
  checkpoint = null,
}: Pick<History, 'state' | 'journal'> & { readonly checkpoint?: Checkpoint | null }): Books {
  // Once: a long history is read in many pages.
  const refunds = Map.groupBy(state.refunds.values(), (refund) => refund.orderId)
  const orders = [...state.orders.values()]
  const events = [...state.events.values()]
    .filter((event) => event.orderId !== null)
    .map((event) => ({ event, key: keyOf(event) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const ordersOf = (named: readonly (Order | undefined)[]): readonly OrderBook[] =>
    named
      .filter((order) => !!order)
      .map((order) => ({
        order,
        refunds: (refunds.get(order.orderId) ?? []).toSorted((a, b) =>
          a.refundId < b.refundId ? -1 : 1,
        ),
      }))
  const ofReference = (reference: string) => state.referenceOwners.get(reference)?.orderId ?? ''
  return {
    product: async () => state.products.get(PRODUCT_ID) ?? null,
    productIdsAfter: async (after) => (after < PRODUCT_ID ? [PRODUCT_ID] : []),
    checkpoint: async () => checkpoint,
    countEntries: async (_, { afterSeq }) => journal.filter(({ seq }) => seq > afterSeq).length,
    entries: async (_, { afterSeq, limit }) => pageOf(journal, ({ seq }) => seq > afterSeq, limit),
    holds: async (ids) => ids.flatMap((id) => state.holds.get(id) ?? []),
    orders: async (_, { ids = [], holdIds = [], references = [] }) =>
      ordersOf([
        ...ids.map((id) => state.orders.get(id)),
        ...holdIds.map((id) => state.orders.get(state.holds.get(id)?.orderId ?? '')),
        ...references.map((reference) => state.orders.get(ofReference(reference))),
      ]),
    ofCustomers: async (_, names) => ({
      holds: valuesOf(state.holds, ({ customerRef }) => names.includes(customerRef ?? '')),
      orders: ordersOf(valuesOf(state.orders, (each) => names.includes(each.customerRef ?? ''))),
    }),
    outcomes: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const stored = state.outcomes.get(id)
          return stored ? [[id, stored] as const] : []
        }),
      ),
    events: async (keys) =>
      new Map(
        keys.flatMap(({ provider, eventKey }) => {
          const id = `${provider} ${eventKey}`
          const event = state.events.get(id)
          return event ? [[id, event] as const] : []
        }),
      ),
    holdTotals: async (_, { afterSeq }) => ({
      rows: valuesOf(state.holds, ({ bornVersion }) => bornVersion > (afterSeq ?? 0)).length,
      activeUnits: [...state.holds.values()]
        .filter(({ status }) => status === 'active')
        .reduce((sum, { quantity }) => sum + quantity, 0),
    }),
    countPayments: async () =>
      [...state.orders.values()].reduce((sum, { payments }) => sum + payments.length, 0),
    countRefunds: async () => state.refunds.size,
    ordersAfter: async (_, { afterId, limit }) =>
      ordersOf(pageOf(orders, (each) => each.orderId > afterId, limit)),
    eventsOfOrders: async (_, { after, limit }) => {
      const from = after && keyOf(after)
      return pageOf(events, ({ key }) => from === null || key > from, limit).map(
        ({ event }) => event,
      )
    },
    eventsWithoutOrder: async () => valuesOf(state.events, (event) => event.orderId === null),
    paymentsByReference: async (references) =>
      references.flatMap((reference) => {
        const order = state.orders.get(ofReference(reference))
        const payment = order?.payments.find((each) => each.reference === reference)
        return order && payment ? [{ ...payment, reference, orderId: order.orderId }] : []
      }),
    refundsBy: async ({ references = [], ids = [] }) =>
      valuesOf(
        state.refunds as ReadonlyMap<string, Refund>,
        ({ reference, refundId }) =>
          ids.includes(refundId) || (reference !== null && references.includes(reference)),
      ),
    undecided: async () => new Set<string>(),
  }
}

const keyOf = (event: PaymentEvent): string => `${event.orderId} ${event.eventKey}`

const valuesOf = <Value>(map: ReadonlyMap<string, Value>, is: (value: Value) => boolean): Value[] =>
  [...map.values()].filter(is)

const pageOf = <Value>(
  values: readonly Value[],
  is: (value: Value) => boolean,
  limit: number,
): readonly Value[] => {
  const page: Value[] = []
  for (const value of values) {
    if (page.length === limit) break
    if (is(value)) page.push(value)
  }
  return page
}
