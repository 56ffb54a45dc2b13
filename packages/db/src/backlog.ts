/** What waits for the sweeper or for operators: counted by an index, and no further than a scrape may take. */
import { EXPIRY_GRACE_MS } from '@flashlane/core'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from './connect.ts'

/** More than that is a lot; how much more makes no difference to whoever reads it. */
export const BACKLOG_COUNTED_MAX = 10_000

export const BACKLOGS = [
  'overdue_holds',
  'overdue_orders',
  'waiting_payments',
  'parked_payments',
  'refunds_due',
  'dead_letters',
] as const

export type Backlog = {
  readonly what: (typeof BACKLOGS)[number]
  /** `BACKLOG_COUNTED_MAX` at most. */
  readonly count: number
  /** Of what is past its deadline: since then. 0 where there is none. */
  readonly oldestAgeMs: number
}

type Row = {
  readonly what: Backlog['what']
  readonly count: number
  readonly age_ms: number | null
}

export async function readBacklogs({ db }: Database): Promise<readonly Backlog[]> {
  const { rows } = await backlogQuery().execute(db)
  return rows.map(({ what, count, age_ms }) => ({
    what,
    count,
    oldestAgeMs: Math.max(0, age_ms ?? 0),
  }))
}

/** One query; each part ends after `BACKLOG_COUNTED_MAX` rows. */
export function backlogQuery(): RawBuilder<Row> {
  const limit = sql.lit(BACKLOG_COUNTED_MAX)
  const now = sql`cast(unix_timestamp(now(3)) * 1000 as signed)`
  const part = (what: Backlog['what'], rows: RawBuilder<unknown>) => sql`
    select ${sql.lit(what)} as what, count(*) as count, ${now} - min(since_ms) as age_ms
    from (${rows} limit ${limit}) each_row`
  const overdueMs = sql`${now} - ${sql.lit(EXPIRY_GRACE_MS)}`
  const eventsIn = (state: 'waiting' | 'parked') => sql`
    select accepted_at_ms as since_ms from payment_events
    where state = ${sql.lit(state)} order by next_try_at_ms`
  const parts = [
    part(
      'overdue_holds',
      sql`select expires_at_ms as since_ms from holds
        where status = 'active' and expires_at_ms <= ${overdueMs} order by expires_at_ms`,
    ),
    part(
      'overdue_orders',
      sql`select payment_due_at_ms as since_ms from orders
        where status = 'pending' and payment_due_at_ms <= ${overdueMs} order by payment_due_at_ms`,
    ),
    part('waiting_payments', eventsIn('waiting')),
    part('parked_payments', eventsIn('parked')),
    part(
      'refunds_due',
      sql`select created_at_ms as since_ms from refunds
        where status = 'due' order by created_at_ms`,
    ),
    // Those that were replayed have no index of their own: of the newest ones, those that were not.
    part(
      'dead_letters',
      sql`select buried_at_ms as since_ms from (
          select buried_at_ms, replayed_at_ms from dead_letters force index (dead_letters_buried)
          order by buried_at_ms desc limit ${limit}
        ) newest where replayed_at_ms is null`,
    ),
  ]
  return sql<Row>`${sql.join(parts, sql` union all `)}`
}
