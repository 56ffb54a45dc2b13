/** The answer to a command whose outcome was not awaited any longer. */
import { z } from 'zod'
import { OUTCOME_HEADERS } from './headers.ts'
import { jsonAnswer } from './operation.ts'
import { example, ids } from './values.ts'

/** Where a command stands, as far as that is known. */
export const standing = {
  position: z
    .int()
    .nonnegative()
    .optional()
    .meta({ description: 'About how many commands are applied before it' }),
  eta_ms: z.int().nonnegative().optional().meta({ description: 'About when it will be applied' }),
}

const queued = z
  .object({
    command_id: ids.command,
    status: z.literal('queued'),
    hold_id: ids.hold.optional(),
    order_id: ids.order.optional(),
    product_id: ids.product.optional(),
    ...standing,
  })
  .meta({
    id: 'Queued',
    description: 'The command waits in its lane. It tells the id of what it will make or change.',
  })

/** `names` is what the command will make or change. */
export const queuedAnswer = (names: object) =>
  jsonAnswer(
    'Not applied within the wait; `Location` tells where to ask',
    queued,
    { command_id: example.commandId, status: 'queued', ...names },
    ['Location', 'Retry-After', 'Preference-Applied'],
  )

export const OUTCOME_AND_PLACE = ['Location', ...OUTCOME_HEADERS] as const
