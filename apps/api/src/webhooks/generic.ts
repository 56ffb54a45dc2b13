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
    canceled: 'failed',
    'payment_intent.payment_failed': 'failed',
    'payment_intent.canceled': 'failed',
    refunded: 'refunded',
    'charge.refunded': 'refunded',
    'refund.succeeded': 'refunded',
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

export const parseGeneric = (payload: string, keyInHeader: string | undefined): PaymentNews =>
  readEvent(parseJson(payload), { provider: 'generic', payload, key: keyInHeader })

type Told = Pick<PaymentNews, 'provider' | 'payload'> & { readonly key: string | undefined }

/** What cannot be read is 400, never 422: to a provider that means the same, and others it takes for "stop sending". */
export function readEvent(value: unknown, { provider, payload, key }: Told): PaymentNews {
  const event = readFields(genericEvent, value)
  return {
    provider,
    eventKey: readEventKey(key ?? event.idempotency_key ?? event.webhook_key ?? event.id),
    kind: kindOf(event),
    paymentRef:
      event.payment_intent_id ?? event.payment_ref ?? event.external_transaction_id ?? null,
    amount: event.amount ?? null,
    currency: event.currency ?? null,
    refundId: event.refund_id ?? null,
    bodyHash: hashOf(payload),
    payload,
    ...idsOf(event),
  }
}

export function readFields<Schema extends z.ZodType>(schema: Schema, value: unknown) {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Fault('malformed', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
}

export function readEventKey(key: unknown): string {
  const parsed = foreignName.safeParse(key)
  if (!parsed.success) {
    throw new Fault(
      'malformed',
      'the event needs a key: webhook-id, Idempotency-Key, or in its body',
    )
  }
  return parsed.data
}

export const hashOf = (text: string): string => hash('sha256', text, 'hex').slice(0, 32)

/** An event's type says more than its status: a refund that succeeded is no payment that did. */
function kindOf({ type, event_type, status, success }: Body): PaymentKind {
  const told = [type, event_type, status].map(kindOfWord).find((kind) => kind !== undefined)
  const kind = told ?? (typeof success === 'boolean' && (success ? 'succeeded' : 'failed'))
  if (!kind) return 'other'
  if (!/refund/i.test(`${type} ${event_type}`)) return kind
  // One that failed, or is under way, gives nothing back.
  return kind === 'failed' ? 'other' : 'refunded'
}

const kindOfWord = (word: string | null | undefined): PaymentKind | undefined =>
  KINDS.get(word?.toLowerCase().replace(/^payment\./, '') ?? '')

type Ids = {
  readonly order_id?: string | null | undefined
  readonly hold_id?: string | null | undefined
}

/** Only ids that can be ours count, and only one product's: that of the order, if there is one. */
export function idsOf({ order_id, hold_id }: Ids): {
  orderId: string | null
  holdId: string | null
} {
  const order = parseId(order_id ?? '')
  const hold = parseId(hold_id ?? '')
  const orderId = order?.kind === 'ord' ? (order_id ?? null) : null
  const isOthers = orderId !== null && order?.productId !== hold?.productId
  return { orderId, holdId: hold?.kind === 'hold' && !isOthers ? (hold_id ?? null) : null }
}
