/** Holds of long ago, written by SQL: what a shop's tables look like after a year. */
import type { Pool } from 'mysql2/promise'

export type IdOrder = 'in the order of time' | 'at random'

const CHUNK = 100_000
const AN_HOUR_MS = 3_600_000
const ACTIVE_EACH = 10

/** `x` of an id: time-ordered ones begin far before today's, as old ones do; others as an Idempotency-Key makes them. */
const X: Record<IdOrder, string> = {
  'in the order of time': "concat('00', lpad(lower(hex(n)), 8, '0'), left(md5(n), 16))",
  'at random': "left(md5(concat('old', n)), 26)",
}

const DIGITS =
  '(select 0 as d union all select 1 union all select 2 union all select 3 union all select 4 ' +
  'union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)'

/** Every tenth is active for another hour, so that the indexes have something in every part; the others have expired. */
export async function addOldHolds(
  pool: Pool,
  { from, to, order }: { from: number; to: number; order: IdOrder },
): Promise<void> {
  const nowMs = Date.now()
  for (let first = from; first < to; first += CHUNK) {
    const numbers = `
      select ${first} + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as n
        from ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e, ${DIGITS} f`
    await pool.query(
      `insert into holds (hold_id, product_id, status, quantity, requested_qty, unit_price,
          currency, customer_ref, created_at_ms, expires_at_ms, ttl_ms, order_id, ended_at_ms,
          born_expires_at_ms, born_version, fingerprint)
        select concat('hold_1_', ${X[order]}), 1, if(n % ${ACTIVE_EACH} = 0, 'active', 'expired'), 1, 1, 4900,
          'USD', null, ${nowMs} - n, if(n % ${ACTIVE_EACH} = 0, ${nowMs} + ${AN_HOUR_MS} + n, ${nowMs} - n),
          120000, null, if(n % ${ACTIVE_EACH} = 0, null, ${nowMs} - n), ${nowMs}, 1, null
        from (${numbers}) numbers where n < ${to}`,
    )
  }
  await pool.query('update products set held = held + ? where product_id = 1', [
    Math.ceil(to / ACTIVE_EACH) - Math.ceil(from / ACTIVE_EACH),
  ])
}
