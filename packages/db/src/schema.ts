/** The tables as Kysely sees them. Columns are mapped to core's values by hand in rows.ts. */
import type {
  HoldStatus,
  OrderStatus,
  PaymentEvent,
  PaymentKind,
  PaymentResult,
  PaymentStatus,
  Refund,
  RefundReason,
} from '@flashlane/core'
import type { Generated } from 'kysely'

export type ProductRow = {
  product_id: Generated<number>
  name: string
  description: string
  image: string | null
  price: number
  currency: string
  stock_total: number
  held: number
  sold: number
  sale_starts_at_ms: number | null
  sale_ends_at_ms: number | null
  max_per_hold: number | null
  max_per_customer: number | null
  is_paused: number
  version: number
  applied_at_ms: number
}

export type HoldRow = {
  hold_id: string
  product_id: number
  status: HoldStatus
  quantity: number
  requested_qty: number
  unit_price: number
  currency: string
  customer_ref: Buffer | null
  created_at_ms: number
  expires_at_ms: number
  ttl_ms: number
  extensions: number
  order_id: string | null
  ended_at_ms: number | null
  born_expires_at_ms: number
  born_version: number
  fingerprint: Buffer | null
}

export type OrderRow = {
  order_id: string
  product_id: number
  hold_id: string
  status: OrderStatus
  quantity: number
  unit_price: number
  amount: number
  currency: string
  customer_ref: Buffer | null
  created_at_ms: number
  payment_due_at_ms: number | null
  ended_at_ms: number | null
  late_payment: number
  own_payment: number | null
  born_status: OrderStatus
  born_version: number
  fingerprint: Buffer | null
}

export type PaymentRow = {
  order_id: string
  n: number
  product_id: number
  reference: Buffer | null
  status: PaymentStatus
  amount: number
  currency: string
  refund_parts: string
}

/** Without product and order it is the money of an orphan, which `provider` and `event_key` told of. */
export type RefundRow = {
  refund_id: string
  product_id: number | null
  order_id: string | null
  reference: Buffer | null
  amount: number | null
  currency: string | null
  status: Refund['status']
  reason: RefundReason
  created_at_ms: number
  provider: string | null
  event_key: Buffer | null
}

export type PaymentEventRow = {
  provider: string
  event_key: Buffer
  state: PaymentEvent['state']
  kind: PaymentKind
  reference: Buffer | null
  order_id: string | null
  hold_id: string | null
  payment_ref: Buffer | null
  amount: number | null
  currency: string | null
  refund_id: Buffer | null
  release_on_failure: number
  restock_on_refund: number
  body_hash: Buffer
  payload: Buffer
  accepted_at_ms: number
  next_try_at_ms: number
  tries: number
  result: PaymentResult | null
  applied_at_ms: number | null
}

export type OutcomeRow = {
  command_id: string
  type: string
  body: string
  fingerprint: Buffer | null
  accepted_at_ms: number
  applied_at_ms: number
}

export type JournalRow = {
  product_id: number
  seq: number
  batch_id: string
  applied_at_ms: number
  rules: number
  body: string
}

export type CheckpointRow = {
  product_id: number
  seq: number
  applied_at_ms: number
  body: string
}

export type DeadLetterRow = {
  batch_id: string
  n: number
  product_id: number | null
  buried_at_ms: number
  reason: string
  body: string
  replayed_at_ms: number | null
  replayed_as: string | null
}

export type OperatorActionRow = {
  action_id: string
  begun_at_ms: number
  ended_at_ms: number | null
  operator: string
  action: string
  target: string | null
  request_id: string
  outcome: string | null
  command_id: string | null
}

export type SettingRow = { name: string; value: string }

export type Schema = {
  products: ProductRow
  holds: HoldRow
  orders: OrderRow
  payments: PaymentRow
  refunds: RefundRow
  payment_events: PaymentEventRow
  outcomes: OutcomeRow
  journal: JournalRow
  checkpoints: CheckpointRow
  dead_letters: DeadLetterRow
  settings: SettingRow
  operator_actions: OperatorActionRow
}
