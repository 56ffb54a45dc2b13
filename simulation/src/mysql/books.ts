/** The simulated tables as packages/audit reads a database. */
import { eventId, type Order, type PaymentEvent, type Refund } from '@flashlane/core'
import type { Books } from '@flashlane/audit'
import type { OrderBook } from '@flashlane/db'
import type { Tables } from './tables.ts'

export function booksOf(tables: Tables): Books {
  const all = <Row>(table: { readonly rows: ReadonlyMap<string, Row> }): Row[] => [
    ...table.rows.values(),
  ]
  const refundsBy = Map.groupBy(all(tables.refunds), (refund) => refund.orderId)
  const bookOf = (order: Order): OrderBook => ({
    order,
    refunds: ((refundsBy.get(order.orderId) ?? []) as Refund[]).toSorted((a, b) =>
      a.refundId < b.refundId ? -1 : 1,
    ),
  })
  const events = all(tables.events).map(({ event }) => event)
  const keyOf = (event: PaymentEvent) => `${event.orderId} ${eventId(event)}`
  const ofProduct = (productId: number) => (each: { readonly productId: number | null }) =>
    each.productId === productId
  const ordersOf = (productId: number) => all(tables.orders).filter(ofProduct(productId))

  return {
    product: async (productId) => tables.products.rows.get(String(productId)) ?? null,
    checkpoint: async () => null,
    productIdsAfter: async (after, limit) =>
      page(
        all(tables.products)
          .map(({ productId }) => productId)
          .toSorted((a, b) => a - b),
        {
          is: (id) => id > after,
          limit,
        },
      ),
    countEntries: async (productId) =>
      all(tables.journal).filter((row) => row.product_id === productId).length,
    entries: async (productId, { afterSeq, limit }) =>
      page(
        all(tables.journal).toSorted((a, b) => a.seq - b.seq),
        { is: (row) => row.product_id === productId && row.seq > afterSeq, limit },
      ),
    holds: async (ids) => ids.flatMap((id) => tables.holds.rows.get(id) ?? []),
    orders: async (productId, { ids = [], holdIds = [], references = [] }) =>
      [
        ...ids,
        ...holdIds.map((id) => tables.ordersOfHolds.rows.get(id) ?? ''),
        ...references.map((name) => tables.ordersOfReferences.rows.get(name) ?? ''),
        ...references.map((name) => {
          const refundId = tables.refundsOfReferences.rows.get(name) ?? ''
          return tables.refunds.rows.get(refundId)?.orderId ?? ''
        }),
      ]
        .flatMap((id) => tables.orders.rows.get(id) ?? [])
        .filter(ofProduct(productId))
        .map(bookOf),
    ofCustomers: async (productId, names) => {
      const isHis = (each: { productId: number; customerRef: string | null }) =>
        each.productId === productId && names.includes(each.customerRef ?? '')
      return {
        holds: all(tables.holds).filter(isHis),
        orders: all(tables.orders).filter(isHis).map(bookOf),
      }
    },
    outcomes: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const stored = tables.outcomes.rows.get(id)
          return stored ? [[id, stored] as const] : []
        }),
      ),
    events: async (keys) =>
      new Map(
        keys.flatMap((key) => {
          const row = tables.events.rows.get(eventId(key))
          return row ? [[eventId(key), row.event] as const] : []
        }),
      ),
    holdTotals: async (productId) => {
      const holds = all(tables.holds).filter(ofProduct(productId))
      const active = holds.filter(({ status }) => status === 'active')
      return {
        rows: holds.length,
        activeUnits: active.reduce((sum, { quantity }) => sum + quantity, 0),
      }
    },
    countPayments: async (productId) =>
      ordersOf(productId).reduce((sum, { payments }) => sum + payments.length, 0),
    countRefunds: async (productId) => all(tables.refunds).filter(ofProduct(productId)).length,
    ordersAfter: async (productId, { afterId, limit }) =>
      page(
        ordersOf(productId).toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1)),
        { is: ({ orderId }) => orderId > afterId, limit },
      ).map(bookOf),
    eventsOfOrders: async (productId, { after, limit }) =>
      page(
        events
          .filter(({ orderId }) => orderId?.startsWith(`ord_${productId}_`))
          .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
        { is: (event) => after === null || keyOf(event) > keyOf(after), limit },
      ),
    eventsWithoutOrder: async ({ after, limit }) =>
      page(
        events
          .filter(({ orderId }) => orderId === null)
          .toSorted((a, b) => (eventId(a) < eventId(b) ? -1 : 1)),
        { is: (event) => after === null || eventId(event) > eventId(after), limit },
      ),
    paymentsByReference: async (references) =>
      all(tables.orders).flatMap(({ orderId, payments }) =>
        payments.flatMap((payment) => {
          const { reference } = payment
          if (reference === null || !references.includes(reference)) return []
          return [{ ...payment, reference, orderId }]
        }),
      ),
    refundsBy: async ({ references = [], ids = [] }) =>
      all(tables.refunds).filter(
        ({ reference, refundId }) =>
          ids.includes(refundId) || (reference !== null && references.includes(reference)),
      ),
    undecided: async (references) =>
      new Set(
        events
          .filter(
            ({ state, paymentRef }) => state !== 'done' && references.includes(paymentRef ?? ''),
          )
          .flatMap(({ paymentRef }) => paymentRef ?? []),
      ),
  }
}

const page = <Row>(
  rows: readonly Row[],
  { is, limit }: { is: (row: Row) => boolean; limit: number },
): readonly Row[] => rows.filter(is).slice(0, limit)
