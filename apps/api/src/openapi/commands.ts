/** What became of a command, as the document tells it. */
import { command } from '@flashlane/core'
import { z } from 'zod'
import { stockAnswer } from './admin-products.ts'
import { refundItem } from './admin-work.ts'
import { product } from './products.ts'
import { headerRefs } from './headers.ts'
import { holdAnswer, holdExample } from './holds.ts'
import { jsonAnswer, operation } from './operation.ts'
import { orderAnswer } from './orders.ts'
import { heardAnswer } from './payments.ts'
import { outcomeProblem, SERVICE_PROBLEMS } from './problems.ts'
import { example, ids, instant, version } from './values.ts'

const expiredAnswer = z
  .object({ holds: z.int().nonnegative(), orders: z.int().nonnegative(), version })
  .meta({ id: 'Expired', description: 'How many holds and orders an expiry ended' })

const queued = z
  .object({ command_id: ids.command, status: z.literal('queued') })
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

export const showCommand = operation({
  method: 'get',
  path: '/api/commands/{id}',
  operationId: 'showCommand',
  tags: ['Commands'],
  summary: 'Show what became of a command',
  description: '404: neither MySQL nor Redis knows it.',
  params: z.object({ id: ids.command }),
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
  problems: ['command_unknown', ...SERVICE_PROBLEMS],
})
