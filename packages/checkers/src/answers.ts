/** What an answer over HTTP must say, given the outcome that stands in the journal: the fields that tell it apart. */
import { difference } from '@flashlane/audit'
import type { Command, Outcome, Reason, Result } from '@flashlane/core'

type Fields = Readonly<Record<string, unknown>>
export type Answer = { readonly status: number | null; readonly body: Fields | null }

const INVALID: readonly Reason[] = ['customer_ref_required', 'quantity_above_limit']

/** In what an answer differs from the outcome; empty where it agrees. */
export function disagreement(
  { status, body }: Answer,
  type: Command['type'],
  outcome: Outcome,
): string {
  const should = shouldSay(type, outcome)
  const told = { ...body, status_code: status }
  const shown = Object.fromEntries(Object.keys(should).map((name) => [name, fieldOf(told, name)]))
  return difference(shown, should)
}

const fieldOf = (fields: Fields, name: string): unknown => fields[name] ?? null

/** The fields of an answer that are told here, with its status as `status_code`. */
export function shouldSay(type: Command['type'], outcome: Outcome): Fields {
  const { version } = outcome
  if (outcome.outcome === 'error') return { status_code: 500, code: 'internal_error' }
  if (outcome.outcome === 'refused') {
    return { code: INVALID.includes(outcome.reason) ? 'validation' : outcome.reason, version }
  }
  const makes = type === 'PlaceHold' || type === 'PlaceOrder'
  return { status_code: makes ? 201 : 200, ...shouldShow(outcome.result, version) }
}

function shouldShow(result: Result, version: number): Fields {
  switch (result.type) {
    case 'hold': {
      const { holdId, productId, quantity, unitPrice, currency, status, expiresAtMs } = result.hold
      return {
        hold_id: holdId,
        product_id: productId,
        qty: quantity,
        unit_price: unitPrice,
        currency,
        status,
        expires_at: new Date(expiresAtMs).toISOString(),
        version,
      }
    }
    case 'order': {
      const { orderId, holdId, productId, quantity, amount, currency, status } = result.order
      return {
        order_id: orderId,
        hold_id: holdId,
        product_id: productId,
        qty: quantity,
        amount,
        currency,
        status,
        version,
      }
    }
    case 'payment':
      return { result: result.result, order_id: result.orderId, order_status: result.orderStatus }
    case 'product':
      return {
        id: result.product.productId,
        price: result.product.price,
        version: result.product.version,
      }
    case 'refund':
      return { refund_id: result.refund.refundId, status: result.refund.status }
    case 'stock':
      return {
        stock_total: result.stockTotal,
        held: result.held,
        sold: result.sold,
        version,
      }
    case 'expired':
    case 'pong':
      return {}
  }
}
