/** Of a snapshot: payment events, payments and refunds. */
import { eventId, type PaymentEvent, type PaymentStatus } from '@flashlane/core'
import { sql } from 'kysely'
import { EVENT_COLUMNS } from '../load.ts'
import { eventOf, toBytes } from '../rows.ts'
import type { PaymentEventRow, PaymentRow, RefundRow } from '../schema.ts'
import { ofProduct, type RowsOf } from './rows-of.ts'

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

export function moneyReads(rowsOf: RowsOf) {
  return {
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
