/** Payment webhooks, as the document tells them. */
import { z } from 'zod'
import { genericEvent } from '../webhooks/generic.ts'
import { jsonAnswer, jsonBody, operation } from './operation.ts'
import { orderStatus } from './orders.ts'
import { SERVICE_PROBLEMS } from './problems.ts'
import { example, ids } from './values.ts'

export const heardAnswer = z
  .object({
    status: z.literal('ok'),
    result: z
      .enum([
        'applied',
        'duplicate',
        'parked',
        'ignored',
        'late_retaken',
        'refund_due',
        'payment_mismatch',
        'key_reused',
      ])
      .optional(),
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

export const tellPayment = operation({
  method: 'post',
  path: '/api/payments/webhook',
  operationId: 'tellPayment',
  tags: ['Payments'],
  summary: 'Tell of a payment',
  description:
    'Events may come in any order, and again: each counts once, by its key. An unknown reference is never refused. The key, the reference and what happened are read from whichever field has them; further fields are the provider’s own.',
  headers: { 'webhook-id': key, 'Idempotency-Key': key },
  body: jsonBody(genericEvent, {
    id: 'evt_1',
    type: 'payment_intent.succeeded',
    payment_intent_id: 'pi_1',
    amount: 9800,
    currency: 'usd',
  }),
  answers: {
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
  },
  problems: ['malformed', 'body_too_large', ...SERVICE_PROBLEMS],
})
