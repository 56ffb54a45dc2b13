/** What a lane's commands are decided on: the rows of its products, as plain values. */
import type { Outcome } from './outcome.ts'

export type Product = {
  readonly productId: number
  readonly name: string
  readonly description: string
  readonly image: string | null
  readonly price: number
  readonly currency: string
  readonly stockTotal: number
  readonly held: number
  readonly sold: number
  /** The sale's window; null is open on that side. */
  readonly saleStartsAtMs: number | null
  readonly saleEndsAtMs: number | null
  /** Units a hold, and units a customer over holds and orders that count. */
  readonly maxPerHold: number | null
  readonly maxPerCustomer: number | null
  readonly isPaused: boolean
  /** Counts the product's batches without a gap. */
  readonly version: number
  readonly appliedAtMs: number
}

export type HoldStatus = 'active' | 'ordered' | 'released' | 'expired'
export type Hold = {
  readonly holdId: string
  readonly productId: number
  readonly status: HoldStatus
  readonly quantity: number
  readonly requestedQuantity: number
  readonly unitPrice: number
  readonly currency: string
  readonly customerRef: string | null
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly ttlMs: number
  readonly extensions: number
  readonly orderId: string | null
  readonly endedAtMs: number | null
  /** Written once: what a repeat of the request is answered from. */
  readonly bornExpiresAtMs: number
  readonly bornVersion: number
  readonly fingerprint: string | null
}

export type OrderStatus =
  | 'pending'
  | 'paid'
  | 'confirmed'
  | 'cancelled'
  | 'expired'
  | 'refund_due'
  | 'refunded'
export type Order = {
  readonly orderId: string
  readonly productId: number
  readonly holdId: string
  readonly status: OrderStatus
  readonly quantity: number
  readonly unitPrice: number
  readonly amount: number
  readonly currency: string
  readonly customerRef: string | null
  readonly createdAtMs: number
  readonly paymentDueAtMs: number | null
  readonly endedAtMs: number | null
  /** Money came after the order was cancelled or had expired. */
  readonly latePayment: boolean
  /** Index into `payments` of the order's own payment: the one it named, the first seen, or the one that decided its status. */
  readonly ownPayment: number | null
  readonly payments: readonly Payment[]
  readonly bornStatus: OrderStatus
  readonly bornVersion: number
  readonly fingerprint: string | null
}

/**
 * named: known, no money yet. captured: its money pays the order. refund_due, refunded: its money goes, or went, back.
 * Only a named payment can still pay.
 */
export type PaymentStatus = 'named' | 'captured' | 'refund_due' | 'refunded'
export type Payment = {
  readonly reference: string | null
  readonly status: PaymentStatus
  readonly amount: number
  readonly currency: string
  /** Parts of a refund by refund id, so that the same part told twice counts once. null: all of it, however much that is. */
  readonly refundParts: Readonly<Record<string, number | null>>
}

export type RefundReason = 'late_payment' | 'second_payment' | 'payment_mismatch' | 'orphan_payment'
export type Refund = {
  readonly refundId: string
  readonly productId: number
  readonly orderId: string
  readonly reference: string | null
  readonly amount: number
  readonly currency: string
  readonly status: 'due' | 'sent' | 'done'
  readonly reason: RefundReason
  readonly createdAtMs: number
}

export type PaymentKind = 'succeeded' | 'failed' | 'refunded' | 'other'
export type PaymentResult =
  | 'applied'
  | 'duplicate'
  | 'parked'
  | 'ignored'
  | 'late_retaken'
  | 'refund_due'
  | 'payment_mismatch'
  | 'key_reused'
  | 'orphan_payment'

/** One message of a payment provider. waiting: in the inbox, no lane has seen it. parked: its order is not there yet. */
export type PaymentEvent = {
  readonly provider: string
  readonly eventKey: string
  readonly state: 'waiting' | 'parked' | 'done'
  readonly kind: PaymentKind
  readonly orderId: string | null
  readonly holdId: string | null
  readonly paymentRef: string | null
  readonly amount: number | null
  readonly currency: string | null
  readonly refundId: string | null
  readonly releaseOnFailure: boolean
  readonly restockOnRefund: boolean
  readonly bodyHash: string
  readonly acceptedAtMs: number
  readonly result: PaymentResult | null
  readonly appliedAtMs: number | null
}

/** The order or refund that a payment reference already belongs to, whichever product's it is. */
export type ReferenceOwner = { readonly orderId: string; readonly status: PaymentStatus }

/** What one customer has of one product. */
export type Customer = {
  /** Held, ordered and bought: what counts against `maxPerCustomer`. */
  readonly units: number
  readonly activeHoldIds: readonly string[]
}

export type State = {
  readonly products: Map<number, Product>
  readonly holds: Map<string, Hold>
  readonly orders: Map<string, Order>
  readonly events: Map<string, PaymentEvent>
  readonly refunds: Map<string, Refund>
  readonly referenceOwners: Map<string, ReferenceOwner>
  readonly refundedReferences: Map<string, string>
  /** Outcomes of keyed commands that made neither hold nor order. */
  readonly outcomes: Map<string, StoredOutcome>
  /** Holds and pending orders that may be expired to make room, oldest deadline first; by product. */
  readonly due: Map<number, readonly string[]>
  /** Those whom a limit or a replacement asks about, by `customerKey`. */
  readonly customers: Map<string, Customer>
}

export type StoredOutcome = { readonly outcome: Outcome; readonly fingerprint: string | null }

export const available = (product: Product): number =>
  product.stockTotal - product.held - product.sold

export const customerKey = (productId: number, customerRef: string): string =>
  `${productId} ${customerRef}`

export const eventId = (event: { provider: string; eventKey: string }): string =>
  `${event.provider} ${event.eventKey}`

/** What an event is found by: the first reference that it has. */
export const eventReference = (
  event: Pick<PaymentEvent, 'orderId' | 'holdId' | 'paymentRef'>,
): string | null => event.orderId ?? event.holdId ?? event.paymentRef

export const emptyState = (): State => ({
  products: new Map(),
  holds: new Map(),
  orders: new Map(),
  events: new Map(),
  refunds: new Map(),
  referenceOwners: new Map(),
  refundedReferences: new Map(),
  outcomes: new Map(),
  due: new Map(),
  customers: new Map(),
})
