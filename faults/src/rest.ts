/** After the load: everything that was taken is worked off. */
import { queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import { sql } from 'kysely'
import { until } from '../../tests/support/until.ts'
import type { Load } from './load/load.ts'
import { call } from './stage/http.ts'
import type { Stage } from './stage/stage.ts'

/** What did not come to rest in time, in words. */
export async function comesToRest(
  stage: Stage,
  { provider, products }: Load,
  withinMs: number,
): Promise<readonly string[]> {
  const queues = products.map(
    (product) => new Queue(queueName(`p${product}`), { connection: stage.redisClient }),
  )
  const demands = [
    { what: 'every webhook is answered 2xx', isTrue: () => provider.pending() === 0 },
    { what: 'every lane is empty', isTrue: () => areEmpty(queues) },
    { what: 'no payment event waits in the inbox', isTrue: () => isInboxEmpty(stage) },
    { what: 'the canary passes at every api', isTrue: () => doCanariesPass(stage) },
  ]
  const problems: string[] = []
  for (const { what, isTrue } of demands) {
    await until(isTrue, { withinMs, what, everyMs: 100 }).catch((error: unknown) =>
      problems.push(`C9: ${String(error)}`),
    )
  }
  await Promise.all(queues.map((queue) => queue.close()))
  return problems
}

async function areEmpty(queues: readonly Queue[]): Promise<boolean> {
  const counts = await Promise.all(
    queues.map((queue) => queue.getJobCountByTypes('wait', 'active')),
  )
  return counts.every((count) => count === 0)
}

async function isInboxEmpty({ database }: Stage): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from payment_events where state = 'waiting'
  `.execute(database.db)
  return Number(rows[0]?.n) === 0
}

async function doCanariesPass({ apis }: Stage): Promise<boolean> {
  const alive = apis.filter((each) => each.isRunning())
  const answers = await Promise.all(alive.map(({ url }) => call(url, { path: '/readyz' }, 5_000)))
  return answers.every(({ answer }) => {
    const canary = answer?.body['canary'] as { ok?: boolean } | undefined
    return canary?.ok === true
  })
}
