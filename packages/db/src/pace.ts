/** How quickly products' batches are applied: told by the journal, whoever applied them. */
import { sql } from 'kysely'
import type { Database } from './connect.ts'

/** Batches over which the pace is taken. */
const BATCHES = 10

/** Batches a second, from the tenth last one until now: so it falls while nothing comes. */
export async function pacesOf(
  { db }: Database,
  productIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (productIds.length === 0) return new Map()
  const { rows } = await sql<{ product_id: number; batches: number; took_ms: number }>`
    select p.product_id, p.version - j.seq as batches,
      cast(unix_timestamp(now(3)) * 1000 as signed) - j.applied_at_ms as took_ms
    from products p join journal j
      on j.product_id = p.product_id and j.seq = greatest(1, p.version - ${sql.lit(BATCHES)})
    where p.product_id in (${sql.join(productIds)})`.execute(db)
  return new Map(
    rows.map((row) => [row.product_id, (row.batches / Math.max(1, row.took_ms)) * 1_000]),
  )
}
