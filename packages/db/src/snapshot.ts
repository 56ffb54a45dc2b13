/** The whole database as it stood at one moment, read piece by piece: for whoever checks it while it goes on selling. */
import {
  eventId,
  type Hold,
  type Order,
  type Outcome,
  type PaymentEvent,
  type PaymentStatus,
  type Product,
  type Refund,
  type StoredOutcome,
} from '@flashlane/core'
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import { type Checkpoint, checkpointOf } from './checkpoints.ts'
import type { Database } from './connect.ts'
import { EVENT_COLUMNS } from './load.ts'
import { eventOf, hex, holdOf, orderOf, productOf, refundOf, toBytes } from './rows.ts'
import type {
  CheckpointRow,
  HoldRow,
  JournalRow,
  OrderRow,
  OutcomeRow,
  PaymentEventRow,
  PaymentRow,
  ProductRow,
  RefundRow,
  Schema,
} from './schema.ts'

export type OrderBook = { readonly order: Order; readonly refunds: readonly Refund[] }
export type EventKey = Pick<PaymentEvent, 'provider' | 'eventKey'>
export type StoredPayment = {
  readonly orderId: string
  readonly reference: string
  readonly status: PaymentStatus
  readonly amount: number
  readonly currency: string
}
export type StoredRefund = {
  readonly refundId: string
  readonly orderId: string | null
  readonly reference: string | null
  readonly amount: number | null
  readonly currency: string | null
}
/** What is asked for of orders: by any of these names. */
export type OrderNames = {
  readonly ids?: readonly string[]
  readonly holdIds?: readonly string[]
  /** Of a payment or a refund. */
  readonly references?: readonly string[]
}

export type Snapshot = ReturnType<typeof readsOn>

/** One transaction, read only: nothing that is sold meanwhile is seen, and nobody waits. */
export function withSnapshot<Value>(
  { db }: Database,
  read: (snapshot: Snapshot) => Promise<Value>,
): Promise<Value> {
  return db.connection().execute(async (connection) => {
    // Under READ COMMITTED, which all connections are set to, each statement would see a moment of its own.
    await sql`set transaction isolation level repeatable read`.execute(connection)
    await sql`start transaction with consistent snapshot, read only`.execute(connection)
    try {
      return await read(readsOn(connection))
    } finally {
      await sql`rollback`.execute(connection)
    }
  })
}

/** Ids that begin like this are those of one product: `_` is followed by a backquote. */
const ofProduct = (column: string, kind: string, productId: number) =>
  sql<boolean>`${sql.ref(column)} >= ${`${kind}_${productId}_`} and ${sql.ref(column)} < ${`${kind}_${productId}\``}`

function readsOn(db: Kysely<Schema>) {
  const rowsOf = async <Row>(query: RawBuilder<unknown>): Promise<Row[]> =>
    (await query.execute(db)).rows as Row[]

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
    async product(productId: number): Promise<Product | null> {
      const [row] = await rowsOf<Selectable<ProductRow>>(
        sql`select * from products where product_id = ${productId}`,
      )
      return row ? productOf(row) : null
    },

    /** Null where all of the journal is there. */
    async checkpoint(productId: number): Promise<Checkpoint | null> {
      const [row] = await rowsOf<CheckpointRow>(
        sql`select * from checkpoints where product_id = ${productId}`,
      )
      return row ? checkpointOf(row) : null
    },

    /** Of rows, journals and checkpoints: one may be there without the others. */
    async productIdsAfter(productId: number, limit: number): Promise<readonly number[]> {
      const rows = await rowsOf<{ product_id: number }>(sql`
        (select product_id from products where product_id > ${productId} order by product_id limit ${limit})
        union
        (select distinct product_id from journal where product_id > ${productId} order by product_id limit ${limit})
        union
        (select product_id from checkpoints where product_id > ${productId} order by product_id limit ${limit})
        order by product_id limit ${limit}`)
      return rows.map((row) => row.product_id)
    },

    async countEntries(productId: number, { afterSeq }: { afterSeq: number }): Promise<number> {
      const [row] = await rowsOf<{ n: number }>(
        sql`select count(*) as n from journal where product_id = ${productId} and seq > ${afterSeq}`,
      )
      return row?.n ?? 0
    },

    entries(
      productId: number,
      { afterSeq, limit }: { afterSeq: number; limit: number },
    ): Promise<readonly JournalRow[]> {
      return rowsOf<JournalRow>(sql`
        select * from journal where product_id = ${productId} and seq > ${afterSeq}
        order by seq limit ${limit}`)
    },

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

    async outcomes(commandIds: readonly string[]): Promise<ReadonlyMap<string, StoredOutcome>> {
      if (commandIds.length === 0) return new Map()
      const rows = await rowsOf<OutcomeRow>(
        sql`select * from outcomes where command_id in (${sql.join(commandIds)})`,
      )
      return new Map(
        rows.map(({ command_id, body, fingerprint }) => [
          command_id,
          { outcome: JSON.parse(body) as Outcome, fingerprint: fingerprint && hex(fingerprint) },
        ]),
      )
    },

    /** By `eventId`. */
    async events(keys: readonly EventKey[]): Promise<ReadonlyMap<string, PaymentEvent>> {
      const found = new Map<string, PaymentEvent>()
      for (const [provider, own] of Map.groupBy(keys, (key) => key.provider)) {
        const rows = await rowsOf<PaymentEventRow>(sql`
          select ${EVENT_COLUMNS} from payment_events e where provider = ${provider}
          and event_key in (${sql.join(own.map((key) => toBytes(key.eventKey)))})`)
        for (const event of rows.map(eventOf)) found.set(eventId(event), event)
      }
      return found
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

    async countPayments(productId: number): Promise<number> {
      const [row] = await rowsOf<{ n: number }>(
        sql`select count(*) as n from payments where ${ofProduct('order_id', 'ord', productId)}`,
      )
      return row?.n ?? 0
    },

    async countRefunds(productId: number): Promise<number> {
      const [row] = await rowsOf<{ n: number }>(
        sql`select count(*) as n from refunds where ${ofProduct('refund_id', 'rfd', productId)}`,
      )
      return row?.n ?? 0
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

    /** Payment events of a product's orders, in the order of their keys. */
    async eventsOfOrders(
      productId: number,
      { after, limit }: { after: PaymentEvent | null; limit: number },
    ): Promise<readonly PaymentEvent[]> {
      const bounds = [`ord_${productId}_`, `ord_${productId}\``].map(toBytes)
      const from = after
        ? sql`(reference, provider, event_key) > (${toBytes(after.orderId ?? '')}, ${after.provider}, ${toBytes(after.eventKey)})
            and reference >= ${toBytes(after.orderId ?? '')}`
        : sql`reference >= ${bounds[0]}`
      const rows = await rowsOf<PaymentEventRow>(sql`
        select ${EVENT_COLUMNS} from payment_events e force index (payment_events_reference)
        where ${from} and reference < ${bounds[1]}
        order by reference, provider, event_key limit ${limit}`)
      return rows.map(eventOf)
    },

    /** Payment events that name no order, in the order of their keys. */
    async eventsWithoutOrder({
      after,
      limit,
    }: {
      after: EventKey | null
      limit: number
    }): Promise<readonly PaymentEvent[]> {
      const from = after
        ? sql`(provider > ${after.provider} or (provider = ${after.provider} and event_key > ${toBytes(after.eventKey)}))`
        : sql`true`
      const rows = await rowsOf<PaymentEventRow>(sql`
        select ${EVENT_COLUMNS} from payment_events e force index (primary)
        where ${from} and order_id is null order by provider, event_key limit ${limit}`)
      return rows.map(eventOf)
    },

    async paymentsByReference(references: readonly string[]): Promise<readonly StoredPayment[]> {
      if (references.length === 0) return []
      const rows = await rowsOf<PaymentRow>(
        sql`select * from payments where reference in (${sql.join(references.map(toBytes))})`,
      )
      return rows.map((row) => ({
        orderId: row.order_id,
        reference: String(row.reference),
        status: row.status,
        amount: row.amount,
        currency: row.currency,
      }))
    },

    async refundsBy({
      references = [],
      ids = [],
    }: {
      readonly references?: readonly string[]
      readonly ids?: readonly string[]
    }): Promise<readonly StoredRefund[]> {
      const rows: RefundRow[] = []
      if (references.length > 0) {
        rows.push(
          ...(await rowsOf<RefundRow>(
            sql`select * from refunds where reference in (${sql.join(references.map(toBytes))})`,
          )),
        )
      }
      if (ids.length > 0) {
        rows.push(
          ...(await rowsOf<RefundRow>(
            sql`select * from refunds where refund_id in (${sql.join(ids)})`,
          )),
        )
      }
      return rows.map((row) => ({
        refundId: row.refund_id,
        orderId: row.order_id,
        reference: row.reference?.toString('utf8') ?? null,
        amount: row.amount,
        currency: row.currency,
      }))
    },

    /** References of events that no lane has applied yet. */
    async undecided(references: readonly string[]): Promise<ReadonlySet<string>> {
      if (references.length === 0) return new Set()
      const rows = await rowsOf<{ payment_ref: Buffer }>(sql`
        select payment_ref from payment_events force index (payment_events_next)
        where state in ('waiting', 'parked') and payment_ref in (${sql.join(references.map(toBytes))})`)
      return new Set(rows.map((row) => String(row.payment_ref)))
    },
  }
}
