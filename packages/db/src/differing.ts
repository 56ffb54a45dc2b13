/** In what new rows of a batch may differ: of these columns `insertAlike` must know what their values are. */
import type { JsonType } from './insert-alike.ts'

export const HOLDS_DIFFER: ReadonlyMap<string, JsonType> = new Map([
  ['hold_id', 'ascii'],
  ['product_id', 'number'],
  ['quantity', 'number'],
  ['requested_qty', 'number'],
  ['unit_price', 'number'],
  ['currency', 'ascii'],
  ['customer_ref', 'bytes'],
  ['created_at_ms', 'number'],
  ['expires_at_ms', 'number'],
  ['ttl_ms', 'number'],
  ['born_expires_at_ms', 'number'],
  ['born_version', 'number'],
  ['fingerprint', 'bytes'],
])
export const ORDERS_DIFFER: ReadonlyMap<string, JsonType> = new Map([
  ['order_id', 'ascii'],
  ['product_id', 'number'],
  ['hold_id', 'ascii'],
  ['quantity', 'number'],
  ['unit_price', 'number'],
  ['amount', 'number'],
  ['currency', 'ascii'],
  ['customer_ref', 'bytes'],
  ['created_at_ms', 'number'],
  ['payment_due_at_ms', 'number'],
  ['own_payment', 'number'],
  ['born_version', 'number'],
  ['fingerprint', 'bytes'],
])
export const PAYMENTS_DIFFER: ReadonlyMap<string, JsonType> = new Map([
  ['order_id', 'ascii'],
  ['n', 'number'],
  ['product_id', 'number'],
  ['reference', 'bytes'],
  ['amount', 'number'],
  ['currency', 'ascii'],
])
