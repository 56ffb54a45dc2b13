/** What the sweeper and the expiry jobs look for: holds and pending orders past their deadlines, before any lock. */
import type { Layout } from '@flashlane/core'
import { sql } from 'kysely'
import type { Database } from './connect.ts'

export type DueId = { readonly id: string; readonly productId: number }

/** Products of any lane that have something due at `beforeMs`. */
export async function productsWithDue(
  { db }: Database,
  beforeMs: number,
): Promise<readonly number[]> {
  const { rows } = await sql<{ product_id: number }>`
    select distinct product_id from holds where status = 'active' and expires_at_ms <= ${beforeMs}
    union
    select distinct product_id from orders where status = 'pending' and payment_due_at_ms <= ${beforeMs}
  `.execute(db)
  return rows.map((row) => row.product_id)
}

/** Holds and pending orders that are past their deadlines at `beforeMs`. */
export async function countOverdue({ db }: Database, beforeMs: number): Promise<number> {
  const { rows } = await sql<{ overdue: number }>`
    select (select count(*) from holds where status = 'active' and expires_at_ms <= ${beforeMs})
      + (select count(*) from orders where status = 'pending' and payment_due_at_ms <= ${beforeMs})
      as overdue`.execute(db)
  return rows[0]?.overdue ?? 0
}

/** What is due in one lane, oldest deadline first, `limit` at most. */
export async function dueInLane(
  { db }: Database,
  {
    lane,
    layout,
    beforeMs,
    limit,
  }: { lane: string; layout: Layout; beforeMs: number; limit: number },
): Promise<readonly DueId[]> {
  const number = Number(lane.slice(1))
  const inLane =
    layout.kind === 'per-product'
      ? sql`product_id = ${number}`
      : sql`product_id % ${layout.lanes} = ${number}`
  const { rows } = await sql<{ id: string; product_id: number }>`
    (select hold_id as id, product_id, expires_at_ms as due_at_ms from holds
      where status = 'active' and expires_at_ms <= ${beforeMs} and ${inLane}
      order by expires_at_ms limit ${limit})
    union all
    (select order_id, product_id, payment_due_at_ms from orders
      where status = 'pending' and payment_due_at_ms <= ${beforeMs} and ${inLane}
      order by payment_due_at_ms limit ${limit})
    order by due_at_ms limit ${limit}`.execute(db)
  return rows.map((row) => ({ id: row.id, productId: row.product_id }))
}
