/** Payment webhooks, as the document tells them. */
import type { PaymentResult } from '@flashlane/core'
import { z } from 'zod'
import { genericEvent } from '../webhooks/generic.ts'
import { jsonAnswer, jsonBody, operation } from './operation.ts'
import { orderStatus } from './orders.ts'
import { SERVICE_PROBLEMS } from './problems.ts'
import { example, ids } from './values.ts'

/** What may become of an event while its provider waits. */
export const HEARD_RESULTS = [
  'applied',
  'duplicate',
  'parked',
  'ignored',
  'late_retaken',
  'refund_due',
  'payment_mismatch',
  'key_reused',
] as const satisfies PaymentResult[]

export const heardAnswer = z
  .object({
    status: z.literal('ok'),
    result: z.enum(HEARD_RESULTS).optional(),
    order_id: ids.order.optional(),
    order_status: orderStatus.optional(),
  })
  .meta({ id: 'PaymentHeard' })

const keptAnswer = z
  .object({ status: z.literal('accepted'), event_id: z.string() })
  .meta({ id: 'PaymentKept' })

const key = z
  .string()
  .optional()
  .meta({ description: 'The event’s key, 1 to 255 bytes; wins over the body’s', example: 'evt_1' })

const heard = {
  200: jsonAnswer('Applied, or known, or nobody’s', heardAnswer, {
    status: 'ok',
    result: 'applied',
    order_id: example.orderId,
    order_status: 'paid',
  }),
  202: jsonAnswer('Kept in MySQL, to be applied later', keptAnswer, {
    status: 'accepted',
    event_id: 'evt_1',
  }),
}

const WEBHOOK_PROBLEMS = [
  'malformed',
  'signature_invalid',
  'body_too_large',
  ...SERVICE_PROBLEMS,
] as const

const signature = z
  .string()
  .optional()
  .meta({ description: 'Over the raw bytes; needed where `WEBHOOK_SECRET` is set' })

export const tellPayment = operation({
  method: 'post',
  path: '/api/payments/webhook',
  operationId: 'tellPayment',
  tags: ['Payments'],
  summary: 'Tell of a payment',
  description:
    'Events may come in any order, and again: each counts once, by its key. An unknown reference is never refused. The key, the reference and what happened are read from whichever field has them; further fields are the provider’s own.',
  headers: {
    'webhook-id': key,
    'Idempotency-Key': key,
    'webhook-timestamp': signature,
    'webhook-signature': signature,
  },
  body: jsonBody(genericEvent, {
    id: 'evt_1',
    type: 'payment_intent.succeeded',
    payment_intent_id: 'pi_1',
    amount: 9800,
    currency: 'usd',
  }),
  answers: heard,
  problems: WEBHOOK_PROBLEMS,
})

export const tellStandard = operation({
  method: 'post',
  path: '/api/webhooks/standard',
  operationId: 'tellStandard',
  tags: ['Payments'],
  summary: 'Tell of a payment, as Standard Webhooks',
  description:
    'Signed with `WEBHOOK_SECRET` over the raw bytes. The event is in `data`, or flat; its key is `webhook-id`.',
  headers: {
    'webhook-id': key,
    'webhook-timestamp': z.string().optional(),
    'webhook-signature': z.string().optional(),
  },
  body: jsonBody(
    z
      .object({ type: z.unknown(), timestamp: z.unknown(), data: z.unknown() })
      .meta({ id: 'StandardEvent' }),
    {
      type: 'payment.succeeded',
      timestamp: example.at,
      data: { order_id: example.orderId, amount: 9800, currency: 'USD' },
    },
  ),
  answers: heard,
  problems: WEBHOOK_PROBLEMS,
})

export const tellStripe = operation({
  method: 'post',
  path: '/api/webhooks/stripe',
  operationId: 'tellStripe',
  tags: ['Payments'],
  summary: 'Tell of a payment, as Stripe',
  description:
    'Signed with `STRIPE_WEBHOOK_SECRET`. The order or hold is read from `metadata`, the payment is the payment intent.',
  headers: { 'Stripe-Signature': z.string().optional() },
  body: jsonBody(
    z.object({ id: z.unknown(), type: z.unknown(), data: z.unknown() }).meta({ id: 'StripeEvent' }),
    {
      id: 'evt_1',
      type: 'payment_intent.succeeded',
      data: {
        object: {
          id: 'pi_1',
          object: 'payment_intent',
          amount_received: 9800,
          currency: 'usd',
          metadata: { order_id: example.orderId },
        },
      },
    },
  ),
  answers: heard,
  problems: WEBHOOK_PROBLEMS,
})
