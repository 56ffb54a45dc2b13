/** After the load: everything that was taken is worked off, and what is overdue has gone. */
import { EXPIRY_GRACE_MS } from '@flashlane/core'
import { sql } from 'kysely'
import { until } from '../../tests/support/until.ts'
import { withQueues } from './lanes.ts'
import type { Load } from './load/load.ts'
import { call } from './stage/http.ts'
import type { Stage } from './stage/stage.ts'

/** A sweep each second, and a lane to pass. */
const EXPIRY_LATE_MS_MAX = EXPIRY_GRACE_MS + 3_000

/** What did not come to rest in time, in words. */
export async function comesToRest(
  stage: Stage,
  load: Load,
  { withinMs, patience }: { withinMs: number; patience: number },
): Promise<readonly string[]> {
  const lateMs = EXPIRY_LATE_MS_MAX * patience
  const demands = [
    { what: 'every webhook is answered 2xx', isTrue: () => load.provider.pending() === 0 },
    { what: 'every lane is empty', isTrue: () => areLanesEmpty(stage, load) },
    { what: 'no payment event waits in the inbox', isTrue: () => isInboxEmpty(stage) },
    { what: 'the canary passes at every api', isTrue: () => doCanariesPass(stage) },
    { what: 'nothing is overdue', isTrue: () => isNothingOverdue(stage, lateMs) },
  ]
  const problems: string[] = []
  for (const { what, isTrue } of demands) {
    await until(isTrue, { withinMs, what, everyMs: 100 }).catch((error: unknown) =>
      problems.push(`C9: ${String(error)}`),
    )
  }
  return problems
}

const areLanesEmpty = (stage: Stage, load: Load): Promise<boolean> =>
  withQueues(stage, load, async (queues) => {
    const counts = await Promise.all(
      queues.map((queue) => queue.getJobCountByTypes('wait', 'active')),
    )
    return counts.every((count) => count === 0)
  })

async function isInboxEmpty({ database }: Stage): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from payment_events where state = 'waiting'
  `.execute(database.db)
  return Number(rows[0]?.n) === 0
}

async function isNothingOverdue({ database }: Stage, lateMs: number): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from holds where status = 'active' and expires_at_ms < t.dueMs)
      + (select count(*) from orders where status = 'pending' and payment_due_at_ms < t.dueMs) as n
    from (select unix_timestamp(now(3)) * 1000 - ${lateMs} as dueMs) as t
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
