/** flashlane payments ... */
import type { Client } from '@flashlane/client'
import { type Command, Option } from 'commander'
import { type ListOptions, listCommand, pageOf } from './list.ts'
import type { Deps } from './program.ts'
import { tellPage } from './told.ts'

type PaymentEvent = Awaited<ReturnType<Client['listPaymentEvents']>>['items'][number]
type Filter = NonNullable<Parameters<Client['listPaymentEvents']>[0]>

export function addPayments(program: Command, { run }: Deps): void {
  const payments = program.command('payments').description('what payment providers told')

  listCommand(payments, 'lists payment events, oldest first')
    .addOption(new Option('--state <state>', 'only those').choices(['waiting', 'parked', 'done']))
    .option('--result <result>', 'only those with it, as applied or orphan_payment')
    .action(({ page, perPage, ...filter }: ListOptions & Pick<Filter, 'state' | 'result'>) =>
      run(async (client) => {
        const wanted = {
          ...pageOf({ ...(page && { page }), ...(perPage && { perPage }) }),
          ...filter,
        }
        return tellPage(await client.listPaymentEvents(wanted), {
          provider: ({ provider }: PaymentEvent) => provider,
          key: ({ event_key: key }) => key,
          kind: ({ kind }) => kind,
          state: ({ state }) => state,
          result: ({ result }) => result,
          order: ({ order_id: id }) => id,
          payment: ({ payment_ref: reference }) => reference,
          amount: ({ amount }) => amount,
          currency: ({ currency }) => currency,
          accepted: ({ accepted_at: at }) => at,
        })
      }),
    )
}
