/** Of a snapshot: holds, and orders with their payments and refunds. */
import type { Hold, Order, Refund } from '@flashlane/core'
import { type RawBuilder, sql } from 'kysely'
import { holdOf, orderOf, refundOf, toBytes } from '../rows.ts'
import type { HoldRow, OrderRow, PaymentRow, RefundRow } from '../schema.ts'
import { ofProduct, type RowsOf } from './rows-of.ts'

export type OrderBook = { readonly order: Order; readonly refunds: readonly Refund[] }
/** What is asked for of orders: by any of these names. */
export type OrderNames = {
  readonly ids?: readonly string[]
  readonly holdIds?: readonly string[]
  /** Of a payment or a refund. */
  readonly references?: readonly string[]
}

export function orderReads(rowsOf: RowsOf) {
  async function ordersWhere(
    which: RawBuilder<unknown>,
    limit?: number,
  ): Promise<readonly OrderBook[]> {
    const page = limit === undefined ? sql`` : sql`order by o.order_id limit ${limit}`
    const orders = await rowsOf<OrderRow>(sql`select o.* from orders o where ${which} ${page}`)
    const ids = orders.map((row) => row.order_id)
    if (ids.length === 0) return []
    const payments = await rowsOf<PaymentRow>(
      sql`select * from payments where order_id in (${sql.join(ids)})`,
    )
    const refunds = await rowsOf<RefundRow>(
      sql`select * from refunds where order_id in (${sql.join(ids)}) order by refund_id`,
    )
    const paymentsBy = Map.groupBy(payments, (row) => row.order_id)
    const refundsBy = Map.groupBy(refunds, (row) => row.order_id)
    return orders.map((row) => ({
      order: orderOf(row, paymentsBy.get(row.order_id) ?? []),
      refunds: (refundsBy.get(row.order_id) ?? []).map(refundOf),
    }))
  }

  return {
    async holds(ids: readonly string[]): Promise<readonly Hold[]> {
      if (ids.length === 0) return []
      const rows = await rowsOf<HoldRow>(
        sql`select * from holds where hold_id in (${sql.join(ids)})`,
      )
      return rows.map(holdOf)
    },

    async orders(
      productId: number,
      { ids = [], holdIds = [], references = [] }: OrderNames,
    ): Promise<readonly OrderBook[]> {
      const found: OrderBook[] = []
      if (ids.length > 0) {
        found.push(...(await ordersWhere(sql`o.order_id in (${sql.join(ids)})`)))
      }
      if (holdIds.length > 0) {
        found.push(...(await ordersWhere(sql`o.hold_id in (${sql.join(holdIds)})`)))
      }
      if (references.length > 0) {
        const list = sql.join(references.map(toBytes))
        const named = await rowsOf<{ order_id: string }>(sql`
          select order_id from payments where reference in (${list})
          union select order_id from refunds where reference in (${list}) and order_id is not null`)
        const owners = named.map((row) => row.order_id)
        if (owners.length > 0) {
          found.push(...(await ordersWhere(sql`o.order_id in (${sql.join(owners)})`)))
        }
      }
      return found.filter(({ order }) => order.productId === productId)
    },

    /** Whatever these customers have, or had, of a product. */
    async ofCustomers(
      productId: number,
      customerRefs: readonly string[],
    ): Promise<{ readonly holds: readonly Hold[]; readonly orders: readonly OrderBook[] }> {
      if (customerRefs.length === 0) return { holds: [], orders: [] }
      const his = sql`customer_ref in (${sql.join(customerRefs.map(toBytes))}) and product_id = ${productId}`
      const rows = await rowsOf<HoldRow>(sql`select * from holds where ${his}`)
      return { holds: rows.map(holdOf), orders: await ordersWhere(his) }
    },

    /** `rows` are those that entries after `afterSeq` made, since older ones may be pruned; null counts all. */
    async holdTotals(
      productId: number,
      { afterSeq }: { afterSeq: number | null },
    ): Promise<{ rows: number; activeUnits: number }> {
      const isCounted = afterSeq === null ? sql`true` : sql`born_version > ${afterSeq}`
      const [row] = await rowsOf<{ n: number; units: number }>(sql`
        select count(case when ${isCounted} then 1 end) as n,
          cast(coalesce(sum(case when status = 'active' then quantity else 0 end), 0) as signed) as units
        from holds where ${ofProduct('hold_id', 'hold', productId)}`)
      return { rows: row?.n ?? 0, activeUnits: row?.units ?? 0 }
    },

    ordersAfter(
      productId: number,
      { afterId, limit }: { afterId: string; limit: number },
    ): Promise<readonly OrderBook[]> {
      return ordersWhere(
        sql`${ofProduct('o.order_id', 'ord', productId)} and o.order_id > ${afterId}`,
        limit,
      )
    },
  }
}
