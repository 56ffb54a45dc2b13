/** flashlane refunds ... */
import type { Refund } from '@flashlane/client'
import { type Command, Option } from 'commander'
import { type ListOptions, listCommand, pageOf } from './list.ts'
import type { Deps } from './program.ts'
import type { Columns } from './table.ts'
import { tellOne, tellPage } from './told.ts'

type Status = Refund['status']

const columns: Columns<Refund> = {
  id: ({ refund_id: id }) => id,
  order: ({ order_id: id }) => id,
  amount: ({ amount }) => amount,
  currency: ({ currency }) => currency,
  status: ({ status }) => status,
  reason: ({ reason }) => reason,
  payment: ({ payment_ref: reference }) => reference,
  since: ({ created_at: at }) => at,
}

export function addRefunds(program: Command, { run }: Deps): void {
  const refunds = program.command('refunds').description('money that goes back')

  listCommand(refunds, 'lists refunds, oldest first')
    .addOption(new Option('--status <status>', 'only those').choices(['due', 'sent', 'done']))
    .action(({ status, ...page }: ListOptions & { status?: Status }) =>
      run(async (client) => {
        const wanted = { ...pageOf(page), ...(status === undefined ? {} : { status }) }
        return tellPage(await client.listRefunds(wanted), columns)
      }),
    )

  refunds
    .command('sent')
    .description('says that a refund is on its way')
    .argument('<id>', 'of the refund')
    .action((id: string) =>
      run(async (client) => tellOne(await client.markRefundSent(id), columns)),
    )

  refunds
    .command('done')
    .description('says that a refund has arrived')
    .argument('<id>', 'of the refund')
    .action((id: string) =>
      run(async (client) => tellOne(await client.markRefundDone(id), columns)),
    )
}
