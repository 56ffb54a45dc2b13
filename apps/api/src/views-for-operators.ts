/** What operators are shown. */
import type { Report } from '@flashlane/audit'
import type { PaymentEvent } from '@flashlane/core'
import type { DeadLetter, OperatorAction, RefundItem } from '@flashlane/db'
import type { LaneStatus } from './lane-status.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

export const auditView = ({ ok, checkers, violations }: Report) => ({
  ok,
  checkers: checkers.map(({ looked, ...each }) => ({ ...each, looked_at: looked })),
  violations: violations.map(({ productId, ...each }) => ({ ...each, product_id: productId })),
})

export const deadLetterView = (letter: DeadLetter) => ({
  id: letter.id,
  product_id: letter.productId,
  buried_at: iso(letter.buriedAtMs),
  reason: letter.reason,
  body: letter.body,
  replayed_at: isoOrNull(letter.replayedAtMs),
  replayed_as: letter.replayedAs,
})

export const refundItemView = (refund: RefundItem) => ({
  refund_id: refund.refundId,
  order_id: refund.orderId,
  product_id: refund.productId,
  payment_ref: refund.reference,
  amount: refund.amount,
  currency: refund.currency,
  status: refund.status,
  reason: refund.reason,
  created_at: iso(refund.createdAtMs),
  provider: refund.provider,
  event_key: refund.eventKey,
})

export const paymentEventView = (event: PaymentEvent) => ({
  provider: event.provider,
  event_key: event.eventKey,
  kind: event.kind,
  state: event.state,
  result: event.result,
  order_id: event.orderId,
  hold_id: event.holdId,
  payment_ref: event.paymentRef,
  amount: event.amount,
  currency: event.currency,
  accepted_at: iso(event.acceptedAtMs),
  applied_at: isoOrNull(event.appliedAtMs),
})

export const actionView = (action: OperatorAction) => ({
  id: action.actionId,
  at: iso(action.begunAtMs),
  operator: action.operator,
  action: action.action,
  target: action.target,
  outcome: action.outcome,
  ended_at: isoOrNull(action.endedAtMs),
  command_id: action.commandId,
  request_id: action.requestId,
})

export const laneView = (lane: LaneStatus) => ({
  lane: lane.name,
  depth: lane.depth,
  batches_waiting: lane.waiting,
  batches_active: lane.active,
  batches_delayed: lane.delayed,
  oldest_age_ms: lane.oldestAgeMs,
  head: lane.head,
  owner: lane.owner,
  batches_per_second:
    lane.batchesPerSecond === null ? null : Math.round(lane.batchesPerSecond * 100) / 100,
  product_id: lane.product?.productId ?? null,
  last_seq: lane.product?.version ?? null,
  paused: lane.product?.isPaused ?? null,
})
