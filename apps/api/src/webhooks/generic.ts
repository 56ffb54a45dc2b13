/** A payment event as any provider may tell it: all its spellings, read into one. */
import { hash } from 'node:crypto'
import { currency, foreignName, money, type PaymentKind, parseId } from '@flashlane/core'
import { z } from 'zod'
import { parseJson } from '../body.ts'
import { Fault } from '../problem.ts'

export type PaymentNews = {
  readonly provider: string
  readonly eventKey: string
  readonly kind: PaymentKind
  readonly orderId: string | null
  readonly holdId: string | null
  readonly paymentRef: string | null
  readonly amount: number | null
  readonly currency: string | null
  readonly refundId: string | null
  readonly bodyHash: string
  readonly payload: string
}

const KINDS: ReadonlyMap<string, PaymentKind> = new Map(
  Object.entries({
    success: 'succeeded',
    successful: 'succeeded',
    succeeded: 'succeeded',
    paid: 'succeeded',
    completed: 'succeeded',
    'payment_intent.succeeded': 'succeeded',
    failed: 'failed',
    failure: 'failed',
    cancelled: 'failed',
    'payment_intent.payment_failed': 'failed',
    'payment_intent.canceled': 'failed',
    refunded: 'refunded',
    'charge.refunded': 'refunded',
  } as const),
)

// Providers send numbers where we have names, and empty ones where they have nothing.
const name = z
  .preprocess((value) => {
    if (typeof value === 'number') return String(value)
    return value === '' ? null : value
  }, foreignName.nullish())
  .optional()
  .meta({ type: ['string', 'number', 'null'] })
const text = z
  .unknown()
  .transform((value) => (typeof value === 'string' ? value : null))
  .optional()

/** Tolerant: a provider's further fields are its own business. */
export const genericEvent = z.object({
  idempotency_key: name,
  webhook_key: name,
  id: name,
  order_id: text,
  hold_id: text,
  payment_intent_id: name,
  payment_ref: name,
  external_transaction_id: name,
  refund_id: name,
  status: text,
  event_type: text,
  type: text,
  success: z.unknown().optional(),
  amount: z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
      money.nullish(),
    )
    .optional()
    .meta({ type: ['integer', 'string', 'null'], description: 'In minor units' }),
  currency: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.toUpperCase() : value),
      currency.nullish(),
    )
    .optional()
    .meta({ pattern: '^[A-Za-z]{3}$' }),
})

type Body = z.infer<typeof genericEvent>

/** What cannot be read is 400, never 422: to a provider that means the same, and others it takes for "stop sending". */
export function parseGeneric(payload: string, keyInHeader: string | undefined): PaymentNews {
  const parsed = genericEvent.safeParse(parseJson(payload))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Fault('malformed', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
  }
  const event = parsed.data
  return {
    provider: 'generic',
    eventKey: keyOf(event, keyInHeader),
    kind: kindOf(event),
    ...idsOf(event),
    paymentRef:
      event.payment_intent_id ?? event.payment_ref ?? event.external_transaction_id ?? null,
    amount: event.amount ?? null,
    currency: event.currency ?? null,
    refundId: event.refund_id ?? null,
    bodyHash: hash('sha256', payload, 'hex').slice(0, 32),
    payload,
  }
}

function keyOf(event: Body, keyInHeader: string | undefined): string {
  const key = keyInHeader ?? event.idempotency_key ?? event.webhook_key ?? event.id
  const parsed = foreignName.safeParse(key)
  if (!parsed.success) {
    throw new Fault(
      'malformed',
      'the event needs a key: webhook-id, Idempotency-Key, or in its body',
    )
  }
  return parsed.data
}

/** An event's type says more than its status: a refund that succeeded is no payment that did. */
function kindOf({ type, event_type, status, success }: Body): PaymentKind {
  for (const word of [type, event_type, status]) {
    const kind = KINDS.get(word?.toLowerCase() ?? '')
    if (kind) return kind
  }
  if (typeof success === 'boolean') return success ? 'succeeded' : 'failed'
  return 'other'
}

/** Only ids that can be ours count, and only one product's: that of the order, if there is one. */
function idsOf({ order_id, hold_id }: Body): { orderId: string | null; holdId: string | null } {
  const order = parseId(order_id ?? '')
  const hold = parseId(hold_id ?? '')
  const orderId = order?.kind === 'ord' ? (order_id ?? null) : null
  const isOthers = orderId !== null && order?.productId !== hold?.productId
  return { orderId, holdId: hold?.kind === 'hold' && !isOthers ? (hold_id ?? null) : null }
}
