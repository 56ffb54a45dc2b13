/** What operators look at and work off, as the document tells it. */
import { z } from 'zod'
import { emptyBody } from '../fields.ts'
import { commandHeaders, OUTCOME_HEADERS } from './headers.ts'
import { jsonAnswer, operation, operators, optionalJsonBody } from './operation.ts'
import { COMMAND_PROBLEMS, SERVICE_PROBLEMS } from './problems.ts'
import { queuedAnswer } from './queued.ts'
import { pageFields } from './products.ts'
import { amount, currencyCode, example, ids, instant } from './values.ts'

const listProblems = ['unauthorized', 'validation', ...SERVICE_PROBLEMS] as const

const paged = (item: z.ZodType, id: string) =>
  z
    .object({
      items: z.array(item),
      total: z.int().nonnegative(),
      page: z.int().positive(),
      per_page: z.int().positive(),
    })
    .meta({ id })

const pageOf = (item: object) => ({ items: [item], total: 1, page: 1, per_page: 20 })

export const deadLetterQuery = z.strictObject({
  ...pageFields,
  replayed: z.stringbool().optional().meta({ description: 'Only those that were, or were not' }),
})

const deadLetter = z
  .object({
    id: z.string(),
    product_id: ids.product.nullable(),
    buried_at: instant,
    reason: z.string(),
    body: z.unknown().meta({ description: 'A command, or what a job carried that was none' }),
    replayed_at: instant.nullable(),
    replayed_as: z.string().nullable().meta({ description: 'The command of the replay' }),
  })
  .meta({ id: 'DeadLetter' })

export const listDeadLetters = operation({
  ...operators,
  method: 'get',
  path: '/api/admin/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'List what could not be applied',
  description: 'Newest first.',
  query: deadLetterQuery,
  answers: {
    200: jsonAnswer(
      'A page of dead letters',
      paged(deadLetter, 'DeadLetterPage'),
      pageOf({
        id: '01m7xz31v8b8swmmzdfbzctd9a.0',
        product_id: 1,
        buried_at: example.at,
        reason: 'InvariantError: the counters of a product do not add up',
        body: { type: 'ReleaseHold' },
        replayed_at: null,
        replayed_as: null,
      }),
    ),
  },
  problems: listProblems,
})

const letterPath = z.object({ id: z.string().meta({ example: '01m7xz31v8b8swmmzdfbzctd9a.0' }) })

export const replayDeadLetter = operation({
  ...operators,
  method: 'post',
  path: '/api/admin/dead-letters/{id}/replay',
  operationId: 'replayDeadLetter',
  summary: 'Try a dead letter again',
  description:
    'As a new command, once: the old outcome stays. The answer is that of the command itself.',
  params: letterPath,
  headers: { Prefer: commandHeaders.Prefer },
  answers: {
    200: jsonAnswer(
      'What became of it',
      z.object({
        command_id: ids.command,
        outcome: z.unknown().meta({ description: 'As the command would be answered' }),
      }),
      { command_id: example.commandId, outcome: { hold_id: example.holdId, status: 'released' } },
    ),
    202: queuedAnswer({ hold_id: example.holdId }),
  },
  problems: [
    'unauthorized',
    'dead_letter_not_found',
    'already_replayed',
    'not_replayable',
    'busy',
    ...SERVICE_PROBLEMS,
  ],
})

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
  ...operators,
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
    ...operators,
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
    problems: ['unauthorized', 'refund_not_found', ...COMMAND_PROBLEMS],
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
const eventResult = z.enum([
  'applied',
  'duplicate',
  'parked',
  'ignored',
  'late_retaken',
  'refund_due',
  'payment_mismatch',
  'key_reused',
  'orphan_payment',
])

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
  ...operators,
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

const count = z.int().nonnegative()

export const sweep = operation({
  ...operators,
  method: 'post',
  path: '/api/admin/sweep',
  operationId: 'sweep',
  summary: 'Expire what is overdue, now',
  description:
    'The workers do so each second by themselves. Waits until nothing is left, within the wait; other systems have this as `holds:sweep` and `orders:expire-holds`.',
  headers: { Prefer: commandHeaders.Prefer },
  answers: {
    200: jsonAnswer(
      'What was overdue, and what still is',
      z.object({ overdue: count, left: count }).meta({ id: 'Sweep' }),
      { overdue: 3, left: 0 },
      ['Preference-Applied'],
    ),
  },
  problems: ['unauthorized', ...SERVICE_PROBLEMS],
})

const lane = z
  .object({
    lane: z.string(),
    depth: count.meta({ description: 'Commands that wait, about' }),
    batches_waiting: count,
    batches_active: count.meta({ description: 'One at most, if all is well' }),
    batches_delayed: count.meta({ description: 'Expiries that are not due yet' }),
    oldest_age_ms: count.nullable().meta({ description: 'Of the batch that waits longest' }),
    head: z.string().nullable().meta({ description: 'The batch that is next, or is in work' }),
    owner: z.string().nullable().meta({ description: 'Which worker has the batch in work' }),
    product_id: ids.product.nullable().meta({ description: 'Null for a lane of many products' }),
    last_seq: count.nullable(),
    paused: z.boolean().nullable(),
  })
  .meta({ id: 'Lane' })

export const laneQuery = z.strictObject(pageFields)

export const listLanes = operation({
  ...operators,
  method: 'get',
  path: '/api/admin/lanes',
  operationId: 'listLanes',
  summary: 'List lanes',
  description: 'As Redis has them just now, in the order of products.',
  query: laneQuery,
  answers: {
    200: jsonAnswer(
      'A page of lanes',
      paged(lane, 'LanePage'),
      pageOf({
        lane: 'p1',
        depth: 512,
        batches_waiting: 2,
        batches_active: 1,
        batches_delayed: 4,
        oldest_age_ms: 12,
        head: '01m7xz31v8b8swmmzdfbzctd9a',
        owner: '5a1c',
        product_id: 1,
        last_seq: 27,
        paused: false,
      }),
    ),
  },
  problems: listProblems,
})
