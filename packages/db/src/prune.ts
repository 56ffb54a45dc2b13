/** Deletes what lies behind a checkpoint, in small pieces beside a sale that goes on. */
import { type Kysely, sql } from 'kysely'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Checkpoint } from './checkpoints.ts'
import type { Database } from './connect.ts'
import { isDeadlock, isLockTimeout } from './errors.ts'
import type { Schema } from './schema.ts'

/** Rows a statement, each a transaction of its own: some milliseconds. */
const CHUNK_ROWS = 200
/** An entry of a journal may be a hundred kilobytes and more. */
const CHUNK_ENTRIES = 50
/** After each statement the server is left alone for so many times as long as it took. */
const PAUSE_RATIO = 2
/** A lane in the way has gone on by then. */
const TRIES_MAX = 5

export type Deleted = {
  readonly entries: number
  readonly outcomes: number
  readonly holds: number
}

type Behind = Pick<Checkpoint, 'productId' | 'seq' | 'appliedAtMs'>

/** Thrown where another process prunes this database. */
export class PruneUnderWay extends Error {}

/** Only one at a time prunes a database. That saves work, and no more: two at once would do no harm. */
export function withPruneLock<Value>({ db }: Database, work: () => Promise<Value>): Promise<Value> {
  // Locks of this kind are the server's, so the name tells the database; and it has to be short.
  const name = sql`concat('flashlane_prune_', left(sha2(database(), 256), 32))`
  return db.connection().execute(async (connection) => {
    const { rows } = await sql<{ isOurs: number }>`select get_lock(${name}, 0) as isOurs`.execute(
      connection,
    )
    if (rows[0]?.isOurs !== 1) throw new PruneUnderWay('another process prunes this database')
    try {
      return await work()
    } finally {
      await sql`select release_lock(${name})`.execute(connection)
    }
  })
}

/** May end at any moment, and be called again: entries go last, so as long as there are some, there may be more. */
export async function deleteBehind({ db }: Database, behind: Behind): Promise<Deleted> {
  const first = await firstEntry(db, behind)
  if (first === null) return { entries: 0, outcomes: 0, holds: 0 }
  const outcomes = await deleteOutcomes(db, behind)
  const holds = await deleteHolds(db, behind)
  return { outcomes, holds, entries: await deleteEntries(db, { ...behind, first }) }
}

async function firstEntry(
  db: Kysely<Schema>,
  { productId, seq }: Pick<Behind, 'productId' | 'seq'>,
): Promise<number | null> {
  const row = await db
    .selectFrom('journal')
    .select('seq')
    .where('product_id', '=', productId)
    .where('seq', '<=', seq)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst()
  return row?.seq ?? null
}

/** By ranges of `seq`: what was deleted before is not walked over again. */
async function deleteEntries(
  db: Kysely<Schema>,
  { productId, seq, first }: Behind & { first: number },
): Promise<number> {
  let count = 0
  for (let from = first; from <= seq; from += CHUNK_ENTRIES) {
    const to = Math.min(seq, from + CHUNK_ENTRIES - 1)
    const chunk = sql`delete t from journal t force index (primary)
      where t.product_id = ${productId} and t.seq between ${from} and ${to}`
    count += await paced(() => chunk.execute(db))
  }
  return count
}

async function deleteOutcomes(
  db: Kysely<Schema>,
  { productId, appliedAtMs }: Behind,
): Promise<number> {
  const old = db
    .selectFrom('outcomes')
    .select('command_id as id')
    .where('command_id', '<', `cmd_${productId}\``)
    .where('applied_at_ms', '<=', appliedAtMs)
    .orderBy('command_id')
    .limit(CHUNK_ROWS)
  return deletePages(`cmd_${productId}_`, {
    find: (after) => old.where('command_id', '>', after).execute(),
    remove: (ids) =>
      sql`delete t from outcomes t force index (primary)
        where t.command_id in (${sql.join(ids)}) and t.applied_at_ms <= ${appliedAtMs}`.execute(db),
  })
}

/** Those that ended without an order: the others are part of what was sold. */
async function deleteHolds(
  db: Kysely<Schema>,
  { productId, appliedAtMs }: Behind,
): Promise<number> {
  const ended = db
    .selectFrom('holds')
    .select('hold_id as id')
    .where('hold_id', '<', `hold_${productId}\``)
    .where('status', 'in', ['released', 'expired'])
    .where('ended_at_ms', '<=', appliedAtMs)
    .orderBy('hold_id')
    .limit(CHUNK_ROWS)
  return deletePages(`hold_${productId}_`, {
    find: (after) => ended.where('hold_id', '>', after).execute(),
    remove: (ids) =>
      sql`delete t from holds t force index (primary)
        where t.hold_id in (${sql.join(ids)}) and t.status in ('released', 'expired')
        and t.ended_at_ms <= ${appliedAtMs}`.execute(db),
  })
}

type Pages = {
  find(after: string): Promise<readonly { readonly id: string }[]>
  remove(ids: readonly string[]): Promise<Counted>
}
type Counted = { readonly numAffectedRows?: bigint }

/**
 * Looked for without a lock, and deleted by their keys, so that nothing but what goes is ever locked: over a small table the
 * optimizer would rather scan, so the index is named. What makes a row old is asked again: under a key that was pruned
 * meanwhile there may be a new one.
 */
async function deletePages(first: string, { find, remove }: Pages): Promise<number> {
  let count = 0
  for (let after = first; ; ) {
    const ids = (await find(after)).map(({ id }) => id)
    if (ids.length > 0) count += await paced(() => remove(ids))
    if (ids.length < CHUNK_ROWS) return count
    after = ids.at(-1) ?? after
  }
}

/** How many rows it deleted. What met a lane in its way is tried again. */
async function paced(remove: () => Promise<Counted>): Promise<number> {
  for (let tries = 1; ; tries++) {
    const beganAt = performance.now()
    try {
      const { numAffectedRows = 0n } = await remove()
      return Number(numAffectedRows)
    } catch (error) {
      if (tries === TRIES_MAX || !(isLockTimeout(error) || isDeadlock(error))) throw error
    } finally {
      await sleep(PAUSE_RATIO * (performance.now() - beganAt))
    }
  }
}
