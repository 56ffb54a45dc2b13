/** What became of a command. A refusal is a result, not an error. */
import type { HoldStatus, OrderStatus, PaymentResult, Product, Refund } from './state.ts'

/** Closed, and part of the API: reasons are added, never renamed. */
export type Reason =
  | 'insufficient_stock'
  | 'customer_limit'
  | 'customer_ref_required'
  | 'quantity_above_limit'
  | 'product_paused'
  | 'sale_not_started'
  | 'sale_ended'
  | 'hold_not_found'
  | 'hold_released'
  | 'hold_expired'
  | 'hold_used'
  | 'hold_converted'
  | 'extend_limit'
  | 'order_not_found'
  | 'order_paid'
  | 'payment_ref_used'
  | 'stock_below_committed'
  | 'stock_above_limit'
  | 'sale_window_empty'
  | 'refund_not_found'

export type HoldResult = {
  readonly holdId: string
  readonly productId: number
  readonly quantity: number
  readonly requestedQuantity: number
  readonly unitPrice: number
  readonly currency: string
  readonly status: HoldStatus
  readonly expiresAtMs: number
  /** Counted from when the command was applied. */
  readonly expiresInMs: number
}

export type OrderResult = {
  readonly orderId: string
  readonly holdId: string
  readonly productId: number
  readonly quantity: number
  readonly amount: number
  readonly currency: string
  readonly status: OrderStatus
  readonly paymentDueAtMs: number | null
  readonly createdAtMs: number
}

export type Result =
  | { readonly type: 'hold'; readonly hold: HoldResult }
  | { readonly type: 'order'; readonly order: OrderResult }
  | {
      readonly type: 'payment'
      readonly result: PaymentResult
      readonly orderId: string | null
      readonly orderStatus: OrderStatus | null
    }
  /** What an operator changed: shown as the product then was. */
  | { readonly type: 'product'; readonly product: Product }
  | { readonly type: 'refund'; readonly refund: Refund }
  | {
      readonly type: 'stock'
      readonly stockTotal: number
      readonly held: number
      readonly sold: number
    }
  | { readonly type: 'expired'; readonly holds: number; readonly orders: number }
  | { readonly type: 'pong'; readonly nowMs: number }

export type Facts = Readonly<Record<string, string | number | null>>

/** `version` is the product's at the time. `fingerprint` only on a repeat: that of the request which was decided. */
export type Outcome =
  | {
      readonly outcome: 'accepted'
      readonly result: Result
      readonly version: number
      readonly replayed?: { readonly fingerprint: string | null }
    }
  | {
      readonly outcome: 'refused'
      readonly reason: Reason
      readonly facts: Facts
      readonly version: number
      readonly replayed?: { readonly fingerprint: string | null }
    }
  | {
      readonly outcome: 'error'
      readonly version: number
      readonly replayed?: { readonly fingerprint: string | null }
    }
