/**
 * A Stripe event, read as the payment event that it is to us. The payment's reference is its payment intent. Amounts
 * need no conversion: Stripe's are in the currency's smallest unit, as ours are, also where that has no decimals.
 */
import { currency, foreignName, money, parseId, type PaymentKind } from '@flashlane/core'
import { z } from 'zod'
import { hashOf, idsOf, type PaymentNews, readEventKey, readFields } from './generic.ts'

/** An object that Stripe may have expanded where its id would stand. */
const idOf = z
  .union([foreignName, z.object({ id: foreignName }).transform(({ id }) => id)])
  .nullish()

const metadata = z
  .object({ order_id: z.string().optional(), hold_id: z.string().optional() })
  .nullish()
const currencyCode = z.string().toUpperCase().pipe(currency).nullish()

const paymentIntent = z.object({
  id: foreignName,
  amount: money.nullish(),
  amount_received: money.nullish(),
  currency: currencyCode,
  metadata,
})

const session = z.object({
  payment_intent: idOf,
  payment_status: z.string().nullish(),
  amount_total: money.nullish(),
  currency: currencyCode,
  client_reference_id: z.string().nullish(),
  metadata,
})

const refund = z.object({
  id: foreignName,
  payment_intent: idOf,
  amount: money,
  currency: currencyCode,
  status: z.string().nullish(),
  metadata,
})

const charge = z.object({
  payment_intent: idOf,
  amount_refunded: money,
  currency: currencyCode,
  refunded: z.boolean(),
  refunds: z.object({ data: z.array(refund) }).nullish(),
  metadata,
})

const event = z.object({
  id: z.unknown(),
  type: z.string(),
  data: z.object({ object: z.unknown() }).optional(),
})

/** What an event says; what it does not say is null in the end. */
type Said = {
  readonly kind: PaymentKind
  readonly paymentRef?: string | null | undefined
  readonly amount?: number | null | undefined
  readonly currency?: string | null | undefined
  readonly refundId?: string | null
  readonly metadata?: z.infer<typeof metadata>
  readonly reference?: string | null | undefined
}

export function parseStripe(value: unknown, payload: string): PaymentNews {
  const { id, type, data } = readFields(event, value)
  const {
    kind,
    paymentRef = null,
    amount = null,
    currency = null,
    refundId = null,
    ...ours
  } = readObject(type, data?.object)
  const ids = idsOf({ ...ours.metadata, ...idIn(ours.reference) })
  const isNobodys = paymentRef === null && ids.orderId === null && ids.holdId === null
  return {
    provider: 'stripe',
    eventKey: readEventKey(id),
    kind: isNobodys ? 'other' : kind,
    ...ids,
    paymentRef,
    amount,
    currency,
    refundId,
    // Not the body's: from one delivery of an event to the next, Stripe counts its pending_webhooks down.
    bodyHash: hashOf(JSON.stringify([type, data?.object])),
    payload,
  }
}

function readObject(type: string, object: unknown): Said {
  switch (type) {
    case 'payment_intent.succeeded':
      return readIntent('succeeded', object)
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
      return readIntent('failed', object)
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
      return readSession('succeeded', object)
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
      return readSession('failed', object)
    case 'refund.created':
    case 'refund.updated':
    case 'charge.refund.updated':
      return readRefund(readFields(refund, object))
    case 'charge.refunded':
      return readCharge(object)
    default:
      return { kind: 'other' }
  }
}

function readIntent(kind: PaymentKind, object: unknown): Said {
  const { id, amount, amount_received, ...intent } = readFields(paymentIntent, object)
  return { ...intent, kind, paymentRef: id, amount: amount_received || amount }
}

/** A session may be completed before its payment is: that one is told later, as an async payment. */
function readSession(kind: PaymentKind, object: unknown): Said {
  const read = readFields(session, object)
  const isUnpaid = kind === 'succeeded' && read.payment_status !== 'paid'
  return {
    kind: isUnpaid ? 'other' : kind,
    paymentRef: read.payment_intent,
    amount: read.amount_total,
    currency: read.currency,
    metadata: read.metadata,
    reference: read.client_reference_id,
  }
}

/** Each refund counts once, under its own id, when its money is on its way for good. */
const readRefund = (read: z.infer<typeof refund>): Said => ({
  kind: read.status === 'succeeded' ? 'refunded' : 'other',
  paymentRef: read.payment_intent,
  amount: read.amount,
  currency: read.currency,
  refundId: read.id,
  metadata: read.metadata,
})

/**
 * A charge tells the sum of its refunds, and since 2022 no longer which they are. So it counts where it is wholly
 * refunded, or names its latest refund; its other parts are counted by the refunds' own events.
 */
function readCharge(object: unknown): Said {
  const read = readFields(charge, object)
  const { payment_intent: paymentRef, currency, metadata } = read
  const [latest] = read.refunds?.data ?? []
  if (!read.refunded && latest) return { ...readRefund(latest), paymentRef, metadata }
  return {
    kind: read.refunded ? 'refunded' : 'other',
    paymentRef,
    amount: read.amount_refunded,
    currency,
    metadata,
  }
}

/** Checkout carries one reference of the shop's: the order's id, or the hold's. */
function idIn(reference: string | null | undefined): { order_id?: string; hold_id?: string } {
  const kind = parseId(reference ?? '')?.kind
  if (!reference || (kind !== 'ord' && kind !== 'hold')) return {}
  return kind === 'ord' ? { order_id: reference } : { hold_id: reference }
}
