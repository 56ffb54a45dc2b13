/** What operators did, as the document tells it. */
import { z } from 'zod'
import { listProblems, paged, pageOf } from './admin-pages.ts'
import { jsonAnswer, operation, operators } from './operation.ts'
import { pageFields } from './products.ts'
import { example, ids, instant } from './values.ts'

export const actionQuery = z.strictObject({
  ...pageFields,
  operator: z.string().max(32).optional().meta({ description: 'Only what this one did' }),
})

const action = z
  .object({
    id: z.string(),
    at: instant,
    operator: z
      .string()
      .meta({ description: 'Whose token it was; `ADMIN_TOKEN` has no other name' }),
    action: z.string().meta({ description: 'The operation’s id in this document' }),
    target: z.string().nullable().meta({ description: 'The product, refund or dead letter' }),
    outcome: z.string().nullable().meta({
      description:
        '`done`, `queued`, or the code that it was refused with. Null while it goes on, and where its end was not written down',
    }),
    ended_at: instant.nullable(),
    command_id: ids.command.nullable().meta({ description: 'Its journal entry has the details' }),
    request_id: z.string(),
  })
  .meta({ id: 'OperatorAction' })

export const listActions = operation({
  ...operators('read'),
  method: 'get',
  path: '/api/admin/actions',
  operationId: 'listActions',
  summary: 'List what operators changed',
  description:
    'Newest first. Written before anything is done: what cannot be written down is not done.',
  query: actionQuery,
  answers: {
    200: jsonAnswer(
      'A page of actions',
      paged(action, 'OperatorActionPage'),
      pageOf({
        id: '01m7xz31v8b8swmmzdfbzctd9a',
        at: example.at,
        operator: 'anna',
        action: 'pauseProduct',
        target: '1',
        outcome: 'done',
        ended_at: example.at,
        command_id: example.commandId,
        request_id: '5f0c2d1e9a3b-4',
      }),
    ),
  },
  problems: listProblems,
})
