/** Requests to change one product's state, with every default resolved: deciding needs no setting and no clock. */
import { z } from 'zod'
import { commandId, holdId, orderId, refundId } from './ids.ts'
import {
  CUSTOMER_LIMIT_MAX,
  FOREIGN_NAME_BYTES_MAX,
  HOLD_TTL_S_MAX,
  PRICE_MAX,
  PRODUCT_ID_MAX,
  QUANTITY_MAX,
  REQUEST_ID_LENGTH_MAX,
  STOCK_MAX,
} from './limits.ts'

const utf8 = new TextEncoder()
// A lone surrogate has no UTF-8: it would come back from the database as another string.
const isForeignName = (text: string) =>
  text.isWellFormed() && utf8.encode(text).length <= FOREIGN_NAME_BYTES_MAX

/** A name that somebody else chose: kept byte for byte. */
export const foreignName = z
  .string()
  .min(1)
  .max(FOREIGN_NAME_BYTES_MAX)
  .refine(isForeignName, { message: `at most ${FOREIGN_NAME_BYTES_MAX} bytes of UTF-8` })

const HASH = /^[0-9a-f]{32}$/
export const isHash = (text: string): boolean => HASH.test(text)
export const hash = z.string().regex(HASH)
const instantMs = z.int().positive()
export const productId = z.int().positive().max(PRODUCT_ID_MAX)
export const quantity = z.int().positive().max(QUANTITY_MAX)
export const money = z.int().nonnegative().max(PRICE_MAX)
export const currency = z.string().regex(/^[A-Z]{3}$/)
export const stockCount = z.int().nonnegative().max(STOCK_MAX)

export const acceptedAtMs = instantMs
export const requestId = z.string().max(REQUEST_ID_LENGTH_MAX)
/** Hash of the request as parsed; only with an Idempotency-Key. */
export const fingerprint = hash
export const customerRef = foreignName.nullable()
export const HOLD_TTL_MS_MAX = HOLD_TTL_S_MAX * 1_000
export const ttlMs = z.int().positive().max(HOLD_TTL_MS_MAX)

const base = {
  commandId,
  productId,
  acceptedAtMs,
  requestId: requestId.optional(),
  fingerprint: fingerprint.optional(),
}

export const placeHold = z.strictObject({
  type: z.literal('PlaceHold'),
  ...base,
  holdId,
  quantity,
  ttlMs,
  customerRef,
  /** What there is, if less than `quantity`. */
  allowPartial: z.literal(true).optional(),
  /** In place of all that the customer holds of the product. */
  replaceExisting: z.literal(true).optional(),
})

export const extendHold = z.strictObject({
  type: z.literal('ExtendHold'),
  ...base,
  holdId,
  extendMs: z.int().positive(),
  /** Counted from the hold's making: it ends no later, unless its own TTL is longer. */
  lifetimeMs: z.int().positive(),
  extensionsMax: z.int().nonnegative(),
})

export const releaseHold = z.strictObject({ type: z.literal('ReleaseHold'), ...base, holdId })

export const placeOrder = z.strictObject({
  type: z.literal('PlaceOrder'),
  ...base,
  orderId,
  holdId,
  paymentRef: foreignName.nullable(),
  customerRef,
  payment: z.enum(['online', 'cash_on_delivery']),
  paymentDueMs: z.int().positive(),
})

export const cancelOrder = z.strictObject({ type: z.literal('CancelOrder'), ...base, orderId })

export const recordPayment = z.strictObject({
  type: z.literal('RecordPayment'),
  ...base,
  provider: z.string().regex(/^[a-z]{1,16}$/),
  eventKey: foreignName,
  kind: z.enum(['succeeded', 'failed', 'refunded', 'other']),
  orderId: orderId.nullable(),
  holdId: holdId.nullable(),
  paymentRef: foreignName.nullable(),
  amount: money.nullable(),
  currency: currency.nullable(),
  refundId: foreignName.nullable(),
  releaseOnFailure: z.boolean(),
  restockOnRefund: z.boolean(),
  bodyHash: hash,
  /** The raw body; empty where the event's row has it already. Never in the journal. */
  payload: z.string(),
})

/** Names what may have come due; each is looked at again. Nothing due after `cutoffMs` goes. */
export const expireDue = z.strictObject({
  type: z.literal('ExpireDue'),
  ...base,
  cutoffMs: instantMs,
  ids: z.array(z.union([holdId, orderId])),
})

export const adjustStock = z.strictObject({
  type: z.literal('AdjustStock'),
  ...base,
  change: z.union([
    z.strictObject({ delta: z.int().min(-STOCK_MAX).max(STOCK_MAX) }),
    z.strictObject({ set: stockCount }),
  ]),
})

/** What a shop may say of a product. Whoever makes one says all of it; a change says what differs. */
export const productFields = {
  name: z.string().min(1).max(255),
  description: z.string().max(4_000),
  image: z.string().max(2_000).nullable(),
  price: money,
  currency,
  saleStartsAtMs: instantMs.nullable(),
  saleEndsAtMs: instantMs.nullable(),
  maxPerHold: quantity.nullable(),
  maxPerCustomer: z.int().positive().max(CUSTOMER_LIMIT_MAX).nullable(),
  isPaused: z.boolean(),
}

export const changeProduct = z.strictObject({
  type: z.literal('ChangeProduct'),
  ...base,
  changes: z.strictObject(productFields).partial(),
})

/** An operator tells how far the giving back of a payment is. */
export const settleRefund = z.strictObject({
  type: z.literal('SettleRefund'),
  ...base,
  orderId,
  refundId,
  status: z.enum(['sent', 'done']),
})

/** Decided where the product is made, before anybody knows its id: the journal's first entry. */
export const createProduct = z.strictObject({
  type: z.literal('CreateProduct'),
  ...base,
  ...productFields,
  stockTotal: stockCount,
})

/** Reads the clock and changes nothing; only in the canary lane. */
export const ping = z.strictObject({ type: z.literal('Ping'), commandId, acceptedAtMs: instantMs })

export const command = z.discriminatedUnion('type', [
  placeHold,
  extendHold,
  releaseHold,
  placeOrder,
  cancelOrder,
  recordPayment,
  expireDue,
  adjustStock,
  changeProduct,
  settleRefund,
  createProduct,
])

export type PlaceHold = z.infer<typeof placeHold>
export type ExtendHold = z.infer<typeof extendHold>
export type ReleaseHold = z.infer<typeof releaseHold>
export type PlaceOrder = z.infer<typeof placeOrder>
export type CancelOrder = z.infer<typeof cancelOrder>
export type RecordPayment = z.infer<typeof recordPayment>
export type ExpireDue = z.infer<typeof expireDue>
export type AdjustStock = z.infer<typeof adjustStock>
export type ChangeProduct = z.infer<typeof changeProduct>
export type SettleRefund = z.infer<typeof settleRefund>
export type CreateProduct = z.infer<typeof createProduct>
export type Ping = z.infer<typeof ping>
export type Command = z.infer<typeof command>
