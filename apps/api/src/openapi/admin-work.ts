/** What operators look at and work off besides money: dead letters, lanes, what is overdue. */
import { z } from 'zod'
import { listProblems, paged, pageOf } from './admin-pages.ts'
import { commandHeaders } from './headers.ts'
import { jsonAnswer, operation, operators } from './operation.ts'
import { SERVICE_PROBLEMS } from './problems.ts'
import { pageFields } from './products.ts'
import { queuedAnswer } from './queued.ts'
import { example, ids, instant } from './values.ts'

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
  ...operators('read'),
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
  ...operators('operate'),
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
    'dead_letter_not_found',
    'already_replayed',
    'not_replayable',
    'busy',
    ...SERVICE_PROBLEMS,
  ],
})

const count = z.int().nonnegative()

export const sweep = operation({
  ...operators('operate'),
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
  problems: [...SERVICE_PROBLEMS],
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
    owner: z
      .string()
      .nullable()
      .meta({ description: 'The worker that has the batch in work: its machine, and its process' }),
    batches_per_second: z.number().nullable().meta({
      description: 'Over the last ten batches, until now. Null for a lane of many products',
    }),
    product_id: ids.product.nullable().meta({ description: 'Null for a lane of many products' }),
    last_seq: count.nullable(),
    paused: z.boolean().nullable(),
  })
  .meta({ id: 'Lane' })

export const laneQuery = z.strictObject(pageFields)

export const listLanes = operation({
  ...operators('read'),
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
        owner: 'worker-1:4711',
        batches_per_second: 18.5,
        product_id: 1,
        last_seq: 27,
        paused: false,
      }),
    ),
  },
  problems: listProblems,
})
