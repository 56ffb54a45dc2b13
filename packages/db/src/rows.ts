/** Rows to values and back, by hand: a column's name can be found with grep. */
import {
  eventReference,
  type Hold,
  type Order,
  type Payment,
  type PaymentEvent,
  type Product,
  type Refund,
} from '@flashlane/core'
import type { Selectable } from 'kysely'
import type {
  HoldRow,
  OrderRow,
  PaymentEventRow,
  PaymentRow,
  ProductRow,
  RefundRow,
} from './schema.ts'

/** Whatever an operator may say of a product. */
export type ProductTerms = Omit<
  Product,
  'productId' | 'stockTotal' | 'held' | 'sold' | 'version' | 'appliedAtMs'
>

// Foreign names are columns of bytes, and fingerprints hex outside the database.
export const toBytes = (text: string): Buffer => Buffer.from(text, 'utf8')
export const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex')
const orNull = <From, To>(value: From | null, map: (value: From) => To): To | null =>
  value === null ? null : map(value)
const text = (bytes: Buffer): string => bytes.toString('utf8')
export const hex = (bytes: Buffer): string => bytes.toString('hex')

export const productOf = (row: Selectable<ProductRow>): Product => ({
  productId: row.product_id,
  name: row.name,
  description: row.description,
  image: row.image,
  price: row.price,
  currency: row.currency,
  stockTotal: row.stock_total,
  held: row.held,
  sold: row.sold,
  saleStartsAtMs: row.sale_starts_at_ms,
  saleEndsAtMs: row.sale_ends_at_ms,
  maxPerHold: row.max_per_hold,
  maxPerCustomer: row.max_per_customer,
  isPaused: row.is_paused === 1,
  version: row.version,
  appliedAtMs: row.applied_at_ms,
})

/** What of a product's row seldom changes: all but its counters. */
export const termsOf = (product: ProductTerms) => ({
  name: product.name,
  description: product.description,
  image: product.image,
  price: product.price,
  currency: product.currency,
  sale_starts_at_ms: product.saleStartsAtMs,
  sale_ends_at_ms: product.saleEndsAtMs,
  max_per_hold: product.maxPerHold,
  max_per_customer: product.maxPerCustomer,
  is_paused: product.isPaused ? 1 : 0,
})

export const holdOf = (row: HoldRow): Hold => ({
  holdId: row.hold_id,
  productId: row.product_id,
  status: row.status,
  quantity: row.quantity,
  requestedQuantity: row.requested_qty,
  unitPrice: row.unit_price,
  currency: row.currency,
  customerRef: orNull(row.customer_ref, text),
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms,
  ttlMs: row.ttl_ms,
  extensions: row.extensions,
  orderId: row.order_id,
  endedAtMs: row.ended_at_ms,
  bornExpiresAtMs: row.born_expires_at_ms,
  bornVersion: row.born_version,
  fingerprint: orNull(row.fingerprint, hex),
})

export const rowOfHold = (hold: Hold): HoldRow => ({
  hold_id: hold.holdId,
  product_id: hold.productId,
  status: hold.status,
  quantity: hold.quantity,
  requested_qty: hold.requestedQuantity,
  unit_price: hold.unitPrice,
  currency: hold.currency,
  customer_ref: orNull(hold.customerRef, toBytes),
  created_at_ms: hold.createdAtMs,
  expires_at_ms: hold.expiresAtMs,
  ttl_ms: hold.ttlMs,
  extensions: hold.extensions,
  order_id: hold.orderId,
  ended_at_ms: hold.endedAtMs,
  born_expires_at_ms: hold.bornExpiresAtMs,
  born_version: hold.bornVersion,
  fingerprint: orNull(hold.fingerprint, fromHex),
})

export const orderOf = (row: OrderRow, payments: readonly PaymentRow[]): Order => ({
  orderId: row.order_id,
  productId: row.product_id,
  holdId: row.hold_id,
  status: row.status,
  quantity: row.quantity,
  unitPrice: row.unit_price,
  amount: row.amount,
  currency: row.currency,
  customerRef: orNull(row.customer_ref, text),
  createdAtMs: row.created_at_ms,
  paymentDueAtMs: row.payment_due_at_ms,
  endedAtMs: row.ended_at_ms,
  latePayment: row.late_payment === 1,
  ownPayment: row.own_payment,
  payments: payments.toSorted((a, b) => a.n - b.n).map(paymentOf),
  bornStatus: row.born_status,
  bornVersion: row.born_version,
  fingerprint: orNull(row.fingerprint, hex),
})

export const rowOfOrder = (order: Order): OrderRow => ({
  order_id: order.orderId,
  product_id: order.productId,
  hold_id: order.holdId,
  status: order.status,
  quantity: order.quantity,
  unit_price: order.unitPrice,
  amount: order.amount,
  currency: order.currency,
  customer_ref: orNull(order.customerRef, toBytes),
  created_at_ms: order.createdAtMs,
  payment_due_at_ms: order.paymentDueAtMs,
  ended_at_ms: order.endedAtMs,
  late_payment: order.latePayment ? 1 : 0,
  own_payment: order.ownPayment,
  born_status: order.bornStatus,
  born_version: order.bornVersion,
  fingerprint: orNull(order.fingerprint, fromHex),
})

const paymentOf = (row: PaymentRow): Payment => ({
  reference: orNull(row.reference, text),
  status: row.status,
  amount: row.amount,
  currency: row.currency,
  refundParts: JSON.parse(row.refund_parts) as Payment['refundParts'],
})

export const rowOfPayment = (order: Order, n: number, payment: Payment): PaymentRow => ({
  order_id: order.orderId,
  n,
  product_id: order.productId,
  reference: orNull(payment.reference, toBytes),
  status: payment.status,
  amount: payment.amount,
  currency: payment.currency,
  refund_parts: JSON.stringify(payment.refundParts),
})

/** Of an order's refund: an orphan's has no order. */
export const refundOf = (row: RefundRow): Refund => ({
  refundId: row.refund_id,
  productId: row.product_id ?? 0,
  orderId: row.order_id ?? '',
  reference: orNull(row.reference, text),
  amount: row.amount ?? 0,
  currency: row.currency ?? '',
  status: row.status,
  reason: row.reason,
  createdAtMs: row.created_at_ms,
})

export const rowOfRefund = (refund: Refund): RefundRow => ({
  refund_id: refund.refundId,
  product_id: refund.productId,
  order_id: refund.orderId,
  reference: orNull(refund.reference, toBytes),
  amount: refund.amount,
  currency: refund.currency,
  status: refund.status,
  reason: refund.reason,
  created_at_ms: refund.createdAtMs,
  provider: null,
  event_key: null,
})

export const eventOf = (row: Omit<PaymentEventRow, 'payload'>): PaymentEvent => ({
  provider: row.provider,
  eventKey: text(row.event_key),
  state: row.state,
  kind: row.kind,
  orderId: row.order_id,
  holdId: row.hold_id,
  paymentRef: orNull(row.payment_ref, text),
  amount: row.amount,
  currency: row.currency,
  refundId: orNull(row.refund_id, text),
  releaseOnFailure: row.release_on_failure === 1,
  restockOnRefund: row.restock_on_refund === 1,
  bodyHash: hex(row.body_hash),
  acceptedAtMs: row.accepted_at_ms,
  result: row.result,
  appliedAtMs: row.applied_at_ms,
})

export const rowOfEvent = (
  event: PaymentEvent,
  { payload, nextTryAtMs }: { payload: string; nextTryAtMs: number },
): PaymentEventRow => ({
  provider: event.provider,
  event_key: toBytes(event.eventKey),
  state: event.state,
  kind: event.kind,
  reference: orNull(eventReference(event), toBytes),
  order_id: event.orderId,
  hold_id: event.holdId,
  payment_ref: orNull(event.paymentRef, toBytes),
  amount: event.amount,
  currency: event.currency,
  refund_id: orNull(event.refundId, toBytes),
  release_on_failure: event.releaseOnFailure ? 1 : 0,
  restock_on_refund: event.restockOnRefund ? 1 : 0,
  body_hash: fromHex(event.bodyHash),
  payload: toBytes(payload),
  accepted_at_ms: event.acceptedAtMs,
  next_try_at_ms: nextTryAtMs,
  tries: 0,
  result: event.result,
  applied_at_ms: event.appliedAtMs,
})
