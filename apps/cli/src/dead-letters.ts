/** flashlane dead-letters ... */
import type { Client } from '@flashlane/client'
import { type Command, Option } from 'commander'
import { type ListOptions, listCommand, pageOf } from './list.ts'
import type { Deps } from './program.ts'
import { plain } from './table.ts'
import { tellPage, type Told } from './told.ts'

type Letter = Awaited<ReturnType<Client['listDeadLetters']>>['items'][number]

export function addDeadLetters(program: Command, { run }: Deps): void {
  const letters = program.command('dead-letters').description('what could not be applied')

  listCommand(letters, 'lists dead letters, newest first')
    .addOption(
      new Option('--replayed <which>', 'only those that were, or were not').choices(['yes', 'no']),
    )
    .action(({ replayed, ...page }: ListOptions & { replayed?: 'yes' | 'no' }) =>
      run(async (client) => {
        const wanted =
          replayed === undefined ? {} : { replayed: replayed === 'yes' ? 'true' : 'false' }
        return tellPage(await client.listDeadLetters({ ...pageOf(page), ...wanted }), {
          id: ({ id }: Letter) => id,
          product: ({ product_id: id }) => id?.toString(),
          command: ({ body }) => typeOf(body),
          buried: ({ buried_at: at }) => at,
          reason: ({ reason }) => reason,
          'replayed as': ({ replayed_as: as }) => as,
        })
      }),
    )

  letters
    .command('replay')
    .description('tries a dead letter again, once, as a new command')
    .argument('<id>', 'of the letter')
    .action((id: string) =>
      run(async (client): Promise<Told> => {
        const { command_id, outcome } = await client.replayDeadLetter(id)
        // What the new command is refused with is its outcome, not that of the replay.
        const isBad = isProblem(outcome)
        return {
          text: `${command_id}: ${plain(JSON.stringify(outcome))}`,
          json: { command_id, outcome },
          isBad,
        }
      }),
    )
}

const typeOf = (body: unknown): string | null =>
  typeof body === 'object' && body !== null && 'type' in body ? String(body.type) : null

const isProblem = (outcome: unknown): boolean =>
  typeof outcome === 'object' && outcome !== null && 'code' in outcome
