/** Refunds to work off, and what payment providers told, as the document tells it. */
import { z } from 'zod'
import { emptyBody } from '../fields.ts'
import { listProblems, paged, pageOf } from './admin-pages.ts'
import { commandHeaders, OUTCOME_HEADERS } from './headers.ts'
import { jsonAnswer, operation, operators, optionalJsonBody } from './operation.ts'
import { HEARD_RESULTS } from './payments.ts'
import { COMMAND_PROBLEMS } from './problems.ts'
import { pageFields } from './products.ts'
import { queuedAnswer } from './queued.ts'
import { amount, currencyCode, example, ids, instant } from './values.ts'

export const refundQuery = z.strictObject({
  ...pageFields,
  status: z.enum(['due', 'sent', 'done']).optional(),
})

const refundReason = z.enum([
  'late_payment',
  'second_payment',
  'payment_mismatch',
  'orphan_payment',
])

export const refundItem = z
  .object({
    refund_id: z.string(),
    order_id: ids.order.nullable().meta({ description: 'Null for an orphan’s, as the product' }),
    product_id: ids.product.nullable(),
    payment_ref: z.string().nullable(),
    amount: amount.nullable().meta({ description: 'Null where an orphan’s event did not tell' }),
    currency: currencyCode.nullable(),
    status: z.enum(['due', 'sent', 'done']),
    reason: refundReason,
    created_at: instant,
    provider: z
      .string()
      .nullable()
      .meta({ description: 'Of an orphan: who told, under which key' }),
    event_key: z.string().nullable(),
  })
  .meta({ id: 'RefundItem' })

const refundItemExample = {
  refund_id: 'rfd_1_01m7xz31v8b8swmmzdfbzctd9a_0',
  order_id: example.orderId,
  product_id: 1,
  payment_ref: 'pi_1',
  amount: 9800,
  currency: 'USD',
  status: 'due',
  reason: 'late_payment',
  created_at: example.at,
  provider: null,
  event_key: null,
}

export const listRefunds = operation({
  ...operators('read'),
  method: 'get',
  path: '/api/admin/refunds',
  operationId: 'listRefunds',
  summary: 'List refunds',
  description: 'Oldest first. `due`: to be given back. `sent`: on its way. `done`.',
  query: refundQuery,
  answers: {
    200: jsonAnswer(
      'A page of refunds',
      paged(refundItem, 'RefundPage'),
      pageOf(refundItemExample),
    ),
  },
  problems: listProblems,
})

const refundPath = z.object({ id: z.string().meta({ example: refundItemExample.refund_id }) })

const settle = (status: 'sent' | 'done', summary: string, description: string) =>
  operation({
    ...operators('operate'),
    method: 'post',
    path: `/api/admin/refunds/{id}/${status}`,
    operationId: status === 'sent' ? 'markRefundSent' : 'markRefundDone',
    summary,
    description,
    params: refundPath,
    headers: commandHeaders,
    body: optionalJsonBody(emptyBody, {}),
    answers: {
      200: jsonAnswer('The refund', refundItem, { ...refundItemExample, status }, OUTCOME_HEADERS),
      202: queuedAnswer({ order_id: example.orderId }),
    },
    problems: ['refund_not_found', ...COMMAND_PROBLEMS],
  })

export const markRefundSent = settle(
  'sent',
  'Say that a refund is on its way',
  'One that is done stays done.',
)
export const markRefundDone = settle(
  'done',
  'Say that a refund is done',
  'Its order, if the money was late, becomes `refunded`. A later `refunded` event changes nothing.',
)

const eventState = z.enum(['waiting', 'parked', 'done'])
const eventResult = z.enum([...HEARD_RESULTS, 'orphan_payment'])

export const paymentQuery = z.strictObject({
  ...pageFields,
  state: eventState.optional(),
  result: eventResult.optional(),
})

const paymentEvent = z
  .object({
    provider: z.string(),
    event_key: z.string(),
    kind: z.enum(['succeeded', 'failed', 'refunded', 'other']),
    state: eventState,
    result: eventResult.nullable(),
    order_id: z.string().nullable(),
    hold_id: z.string().nullable(),
    payment_ref: z.string().nullable(),
    amount: amount.nullable(),
    currency: currencyCode.nullable(),
    accepted_at: instant,
    applied_at: instant.nullable(),
  })
  .meta({ id: 'PaymentEvent' })

export const listPayments = operation({
  ...operators('read'),
  method: 'get',
  path: '/api/admin/payments',
  operationId: 'listPaymentEvents',
  summary: 'List what payment providers told',
  description:
    'Oldest first. `parked`: its order is not there yet. `waiting`: no lane has seen it. `result=payment_mismatch` and `result=orphan_payment` are those to look at.',
  query: paymentQuery,
  answers: {
    200: jsonAnswer(
      'A page of events',
      paged(paymentEvent, 'PaymentEventPage'),
      pageOf({
        provider: 'generic',
        event_key: 'evt_1',
        kind: 'succeeded',
        state: 'parked',
        result: null,
        order_id: null,
        hold_id: example.holdId,
        payment_ref: 'pi_1',
        amount: 9800,
        currency: 'USD',
        accepted_at: example.at,
        applied_at: null,
      }),
    ),
  },
  problems: listProblems,
})
