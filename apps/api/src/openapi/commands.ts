/** What became of a command, as the document tells it. */
import { command, WAIT_S_MAX } from '@flashlane/core'
import { z } from 'zod'
import { stockAnswer } from './admin-products.ts'
import { refundItem } from './admin-money.ts'
import { product } from './products.ts'
import { headerRefs } from './headers.ts'
import { holdAnswer, holdExample } from './holds.ts'
import { eventStream, jsonAnswer, lastEventId, operation } from './operation.ts'
import { orderAnswer } from './orders.ts'
import { heardAnswer } from './payments.ts'
import { outcomeProblem, SERVICE_PROBLEMS } from './problems.ts'
import { standing } from './queued.ts'
import { example, ids, instant, version } from './values.ts'

const expiredAnswer = z
  .object({ holds: z.int().nonnegative(), orders: z.int().nonnegative(), version })
  .meta({ id: 'Expired', description: 'How many holds and orders an expiry ended' })

const queued = z
  .object({ command_id: ids.command, status: z.literal('queued'), ...standing })
  .meta({ id: 'CommandQueued' })

const applied = z
  .object({
    command_id: ids.command,
    type: z.enum(command.options.map((each) => each.shape.type.value)),
    status: z.literal('applied'),
    outcome: z.enum(['accepted', 'refused', 'error']),
    http_status: z.int().meta({ description: 'What the request would have been answered' }),
    result: z
      .union([
        holdAnswer,
        orderAnswer,
        heardAnswer,
        stockAnswer,
        product,
        refundItem,
        expiredAnswer,
      ])
      .optional()
      .meta({ description: 'Of an accepted command: the answer’s body' }),
    problem: outcomeProblem
      .optional()
      .meta({ description: 'Of a refused or failed command: the answer’s body' }),
    accepted_at: instant
      .optional()
      .meta({ description: 'Of commands that made neither hold nor order' }),
    applied_at: instant,
  })
  .meta({ id: 'CommandApplied' })

/** Tolerates what else the address says. */
export const waitQuery = z.object({
  wait: z
    .string()
    .regex(/^\d{1,9}$/, `must be a number of seconds, 0 to ${WAIT_S_MAX}`)
    .transform(Number)
    .pipe(z.int().max(WAIT_S_MAX))
    .default(0)
    .meta({ description: `Seconds to wait for the outcome, 0 to ${WAIT_S_MAX}` }),
})

const commandPath = z.object({ id: ids.command })

export const showCommand = operation({
  method: 'get',
  path: '/api/commands/{id}',
  operationId: 'showCommand',
  tags: ['Commands'],
  summary: 'Show what became of a command',
  description:
    '404: neither MySQL nor Redis knows it. With `wait` the answer comes as soon as it is applied.',
  params: commandPath,
  query: waitQuery,
  answers: {
    200: {
      ...jsonAnswer('The command', z.discriminatedUnion('status', [queued, applied]), {
        command_id: example.commandId,
        type: 'PlaceHold',
        status: 'applied',
        outcome: 'accepted',
        http_status: 201,
        result: holdExample,
        applied_at: example.at,
      }),
      headers: headerRefs(['X-Request-Id', 'Retry-After']),
    },
  },
  problems: ['command_unknown', 'validation', 'busy', ...SERVICE_PROBLEMS],
})

export const followCommand = operation({
  method: 'get',
  path: '/api/commands/{id}/events',
  operationId: 'followCommand',
  tags: ['Commands'],
  summary: 'Follow a command until it is applied',
  description:
    'Server-sent events: `queued` with where it stands as that changes, then `applied` with the whole command, then the end.',
  params: commandPath,
  headers: lastEventId,
  answers: {
    200: eventStream('The events'),
    204: {
      description: 'The outcome was told: stop asking',
      headers: headerRefs(['X-Request-Id']),
    },
  },
  problems: ['command_unknown', 'busy', ...SERVICE_PROBLEMS],
})
