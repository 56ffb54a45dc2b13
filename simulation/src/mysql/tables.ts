/** The rows of the database, and the indexes that are unique, as plain maps. */
import type { Hold, Order, PaymentEvent, Product, Refund, StoredOutcome } from '@flashlane/core'
import type { DeadLetterRow, JournalRow } from '@flashlane/db'

export type Table<Row> = { readonly name: string; readonly rows: Map<string, Row> }

/** An orphan's has neither product nor order. */
export type RefundRow = Omit<Refund, 'productId' | 'orderId' | 'amount' | 'currency'> & {
  readonly productId: number | null
  readonly orderId: string | null
  readonly amount: number | null
  readonly currency: string | null
}

export type EventRow = {
  readonly event: PaymentEvent
  readonly nextTryAtMs: number
  readonly tries: number
}

export type Tables = ReturnType<typeof createTables>

const table = <Row>(name: string): Table<Row> => ({ name, rows: new Map() })

export const createTables = () => ({
  products: table<Product>('products'),
  holds: table<Hold>('holds'),
  /** With their payments. */
  orders: table<Order>('orders'),
  ordersOfHolds: table<string>('orders_one_a_hold'),
  ordersOfReferences: table<string>('payments_reference'),
  refunds: table<RefundRow>('refunds'),
  refundsOfReferences: table<string>('refunds_reference'),
  events: table<EventRow>('payment_events'),
  outcomes: table<StoredOutcome>('outcomes'),
  journal: table<JournalRow>('journal'),
  journalBatches: table<number>('journal_batch'),
  letters: table<DeadLetterRow>('dead_letters'),
})
