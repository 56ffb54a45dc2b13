/** flashlane lanes ... */
import type { Client } from '@flashlane/client'
import { Argument, type Command } from 'commander'
import { setTimeout as sleep } from 'node:timers/promises'
import { positive } from './arguments.ts'
import { type ListOptions, listCommand, pageOf } from './list.ts'
import type { Deps } from './program.ts'
import type { Columns } from './table.ts'
import { tellOne, tellPage } from './told.ts'
import { UsageError } from './usage-error.ts'

export type Lane = Awaited<ReturnType<Client['listLanes']>>['items'][number]

const PER_PAGE = 100
const LOOK_EACH_MS = 200
const DRAIN_S_DEFAULT = 60

const columns: Columns<Lane> = {
  lane: ({ lane }) => lane,
  product: ({ product_id: id }) => id?.toString(),
  paused: ({ paused }) => paused,
  depth: ({ depth }) => depth,
  waiting: ({ batches_waiting: waiting }) => waiting,
  active: ({ batches_active: active }) => active,
  delayed: ({ batches_delayed: delayed }) => delayed,
  'oldest ms': ({ oldest_age_ms: ms }) => ms,
  seq: ({ last_seq: seq }) => seq,
  owner: ({ owner }) => owner,
}

type State = 'open' | 'paused' | 'drained'

export function addLanes(program: Command, { run }: Deps): void {
  const lanes = program.command('lanes').description('the queues in which commands wait')

  listCommand(lanes, 'lists lanes, as Redis has them just now').action((page: ListOptions) =>
    run(async (client) => tellPage(await client.listLanes(pageOf(page)), columns)),
  )

  lanes
    .command('set')
    .description(
      'open: takes holds. paused: refuses new holds; orders and payments pass. drained: paused, and waits until nothing waits in the lane',
    )
    .argument('<lane>', 'its name, as in p42')
    .addArgument(new Argument('<state>').choices(['open', 'paused', 'drained']))
    .option('--within <seconds>', 'how long to wait for drained', positive, DRAIN_S_DEFAULT)
    .action((name: string, state: State, { within }: { within: number }) =>
      run(async (client) => {
        const { product_id: id } = await find(client, name)
        if (id === null) {
          throw new UsageError(
            `${name} carries many products: products pause stops one of them, and lanes list tells when it is empty`,
          )
        }
        await (state === 'open' ? client.resumeProduct(id) : client.pauseProduct(id))
        if (state === 'drained') await untilEmpty(client, name, within)
        return tellOne(await find(client, name), columns)
      }),
    )
}

async function find(client: Client, name: string): Promise<Lane> {
  for (let page = 1; ; page++) {
    const { items, total } = await client.listLanes({ page, per_page: PER_PAGE })
    const lane = items.find((each) => each.lane === name)
    if (lane) return lane
    if (page * PER_PAGE >= total) throw new UsageError(`There is no lane ${name}: see lanes list.`)
  }
}

/** Expiries that are not due yet stay where they are: they wait for their time, not for a worker. */
async function untilEmpty(client: Client, name: string, withinS: number): Promise<void> {
  const endMs = performance.now() + withinS * 1_000
  for (;;) {
    const { batches_waiting: waiting, batches_active: active } = await find(client, name)
    if (waiting === 0 && active === 0) return
    if (performance.now() > endMs) {
      throw new Error(
        `${name} is paused, but not empty after ${withinS} s: ${waiting} batches wait`,
      )
    }
    await sleep(LOOK_EACH_MS)
  }
}
