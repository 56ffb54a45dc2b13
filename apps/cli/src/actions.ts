/** flashlane actions ... */
import type { Client } from '@flashlane/client'
import type { Command } from 'commander'
import { type ListOptions, listCommand, pageOf } from './list.ts'
import type { Deps } from './program.ts'
import { tellPage } from './told.ts'

type Action = Awaited<ReturnType<Client['listActions']>>['items'][number]

export function addActions(program: Command, { run }: Deps): void {
  const actions = program.command('actions').description('what operators did')

  listCommand(actions, 'lists what operators changed, newest first')
    .option('--operator <name>', 'only what this one did')
    .action(({ operator, ...page }: ListOptions & { operator?: string }) =>
      run(async (client) => {
        const wanted = { ...pageOf(page), ...(operator === undefined ? {} : { operator }) }
        return tellPage(await client.listActions(wanted), {
          at: ({ at }: Action) => at,
          operator: ({ operator }) => operator,
          action: ({ action }) => action,
          target: ({ target }) => target,
          outcome: ({ outcome }) => outcome,
          command: ({ command_id: id }) => id,
        })
      }),
    )
}
