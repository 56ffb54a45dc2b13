/** A lane's outcome as HTTP: one table of reasons, one body a result. */
import type { Command, Outcome, Reason, Result } from '@flashlane/core'
import type { Problem } from './problem.ts'
import { holdResultView, orderResultView } from './views.ts'

const REFUSALS: Readonly<Record<Reason, { status: number; title: string }>> = {
  insufficient_stock: { status: 409, title: 'There is not enough stock' },
  hold_not_found: { status: 404, title: 'There is no such hold' },
  hold_released: { status: 409, title: 'The hold was released' },
  hold_expired: { status: 410, title: 'The hold has expired' },
  hold_used: { status: 409, title: 'The hold has an order already' },
  hold_converted: { status: 409, title: 'The hold has become an order' },
  order_not_found: { status: 404, title: 'There is no such order' },
  order_paid: { status: 409, title: 'The order is paid' },
  payment_ref_used: { status: 409, title: 'The payment belongs to another order' },
  stock_below_committed: { status: 409, title: 'More than that is held or sold' },
  stock_above_limit: { status: 409, title: 'That is more than a product can have' },
}

type Asked = { readonly type: Command['type']; readonly commandId: string }

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
  if (outcome.outcome === 'refused') {
    const { status, title } = REFUSALS[outcome.reason]
    const extras = { ...outcome.facts, version: outcome.version, command_id: commandId }
    const problem = { status, title, code: outcome.reason, detail: title, extras }
    return { kind: 'problem', problem }
  }
  const title = 'The command failed here, and had no effect'
  const extras = { version: outcome.version, command_id: commandId }
  const problem = { status: 500, title, code: 'internal_error', detail: title, extras }
  return { kind: 'problem', problem }
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
