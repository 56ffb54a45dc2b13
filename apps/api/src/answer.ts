/** A lane's outcome as HTTP: one table of reasons, one body a result. */
import type { Command, Facts, Outcome, Reason, Result } from '@flashlane/core'
import type { Context } from 'hono'
import { FAULTS, type FieldError, type Problem, respondProblem } from './problem.ts'
import { holdResultView, orderResultView, productView, refundView } from './views.ts'

/** Of the request itself, though only the lane could know: to the client it is not valid. */
type InvalidReason = 'customer_ref_required' | 'quantity_above_limit'

const INVALID: Readonly<Record<InvalidReason, (facts: Facts) => FieldError>> = {
  customer_ref_required: () => ({
    field: 'customer_ref',
    message: 'is required: the product has a limit for each customer',
  }),
  quantity_above_limit: ({ limit }) => ({
    field: 'qty',
    message: `is more than a hold of this product may have: ${limit}`,
  }),
}

export type RefusalCode = Exclude<Reason, InvalidReason>

export const REFUSALS: Readonly<Record<RefusalCode, { status: number; title: string }>> = {
  insufficient_stock: { status: 409, title: 'There is not enough stock' },
  customer_limit: { status: 409, title: 'The customer has all that one customer may have' },
  product_paused: { status: 409, title: 'The sale is paused' },
  sale_not_started: { status: 409, title: 'The sale has not begun' },
  sale_ended: { status: 409, title: 'The sale is over' },
  hold_not_found: { status: 404, title: 'There is no such hold' },
  hold_released: { status: 409, title: 'The hold was released' },
  hold_expired: { status: 410, title: 'The hold has expired' },
  hold_used: { status: 409, title: 'The hold has an order already' },
  hold_converted: { status: 409, title: 'The hold has become an order' },
  extend_limit: { status: 409, title: 'The hold was extended as often as it may be' },
  order_not_found: { status: 404, title: 'There is no such order' },
  order_paid: { status: 409, title: 'The order is paid' },
  payment_ref_used: { status: 409, title: 'The payment belongs to another order' },
  stock_below_committed: { status: 409, title: 'More than that is held or sold' },
  stock_above_limit: { status: 409, title: 'That is more than a product can have' },
  sale_window_empty: { status: 409, title: 'The sale would end before it begins' },
  refund_not_found: { status: 404, title: 'There is no such refund' },
}

/** Tells a refusal that no lane decided anew: it has no command, and nothing remembers it. */
export function turnAway(c: Context, outcome: Outcome): Response {
  const presented = present({ type: 'PlaceHold', commandId: null }, outcome)
  if (presented.kind === 'result') throw new Error('nobody is turned away with a yes')
  return respondProblem(c, presented.problem)
}

/** Without an id, no command was made of what was asked. */
type Asked = { readonly type: Command['type']; readonly commandId: string | null }

export type Presented =
  | {
      readonly kind: 'result'
      readonly status: 200 | 201
      readonly body: object
      readonly location: string | null
    }
  | { readonly kind: 'problem'; readonly problem: Problem }

export function present({ type, commandId }: Asked, outcome: Outcome): Presented {
  if (outcome.outcome === 'accepted') return presentResult(type, outcome.result, outcome.version)
  if (outcome.outcome === 'refused') return presentRefusal({ type, commandId }, outcome)
  const title = 'The command failed here, and had no effect'
  const extras = decidedAs(commandId, outcome.version)
  const problem = { status: 500, title, code: 'internal_error', detail: title, extras }
  return { kind: 'problem', problem }
}

const decidedAs = (commandId: string | null, version: number): Facts =>
  commandId === null ? { version } : { version, command_id: commandId }

function presentRefusal(
  { type, commandId }: Asked,
  { reason, facts, version }: Extract<Outcome, { outcome: 'refused' }>,
): Presented {
  const decided = decidedAs(commandId, version)
  if (reason === 'customer_ref_required' || reason === 'quantity_above_limit') {
    const error = INVALID[reason](facts)
    const detail = `${error.field}: ${error.message}`
    const extras = { errors: [error], ...decided }
    return {
      kind: 'problem',
      problem: { ...FAULTS.validation, code: 'validation', detail, extras },
    }
  }
  const { status, title } = REFUSALS[reason]
  // To an order, a hold that is over is gone for good; an extension is only refused.
  const isOnlyRefused = reason === 'hold_expired' && type === 'ExtendHold'
  return {
    kind: 'problem',
    problem: {
      status: isOnlyRefused ? 409 : status,
      title,
      code: reason,
      detail: title,
      extras: { ...factsView(facts), ...decided },
    },
  }
}

/** A refusal's facts, with instants as clients see them. */
function factsView(facts: Facts): Facts {
  const shown: Record<string, Facts[string]> = {}
  for (const [name, value] of Object.entries(facts)) {
    if (name.endsWith('_at_ms') && typeof value === 'number') {
      shown[name.slice(0, -'_ms'.length)] = new Date(value).toISOString()
    } else shown[name] = value
  }
  return shown
}

function presentResult(type: Asked['type'], result: Result, version: number): Presented {
  switch (result.type) {
    case 'hold':
      return made(type === 'PlaceHold', `holds/${result.hold.holdId}`, {
        ...holdResultView(result.hold, version),
      })
    case 'order':
      return made(type === 'PlaceOrder', `orders/${result.order.orderId}`, {
        ...orderResultView(result.order, version),
      })
    case 'payment':
      return ok({
        status: 'ok',
        result: result.result,
        ...(result.orderId === null ? {} : { order_id: result.orderId }),
        ...(result.orderStatus === null ? {} : { order_status: result.orderStatus }),
      })
    case 'product':
      return ok(productView(result.product, result.product.appliedAtMs))
    case 'refund':
      return ok({
        ...refundView(result.refund),
        order_id: result.refund.orderId,
        product_id: result.refund.productId,
        provider: null,
        event_key: null,
      })
    case 'stock':
      return ok({
        stock_total: result.stockTotal,
        held: result.held,
        sold: result.sold,
        available_stock: result.stockTotal - result.held - result.sold,
        version,
      })
    case 'expired':
      return ok({ holds: result.holds, orders: result.orders, version })
    case 'pong':
      return ok({ now: new Date(result.nowMs).toISOString() })
  }
}

const ok = (body: object): Presented => ({ kind: 'result', status: 200, body, location: null })

const made = (isNew: boolean, path: string, body: object): Presented =>
  isNew ? { kind: 'result', status: 201, body, location: `/api/${path}` } : ok(body)
