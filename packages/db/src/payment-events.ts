/** The inbox: payment events that no lane has seen yet. The api only ever adds `waiting` rows; the sweeper carries them on. */
import type { PaymentEvent, RecordPayment } from '@flashlane/core'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connect.ts'
import { isDuplicateKey } from './errors.ts'
import { eventOf, rowOfEvent, toBytes } from './rows.ts'
import type { PaymentEventRow, Schema } from './schema.ts'

export async function findEvent(
  { db }: Database,
  provider: string,
  eventKey: string,
): Promise<PaymentEvent | null> {
  const row = await db
    .selectFrom('payment_events')
    .selectAll()
    .where('provider', '=', provider)
    .where('event_key', '=', toBytes(eventKey))
    .executeTakeFirst()
  return row ? eventOf(row) : null
}

/** Keeps an event until its lane can have it. `known`: it is there already, in whatever state. */
export async function insertWaitingEvent(
  database: Database,
  command: RecordPayment,
  nextTryAtMs: number,
): Promise<{ kind: 'inserted' } | { kind: 'known'; event: PaymentEvent }> {
  const event: PaymentEvent = { ...command, state: 'waiting', result: null, appliedAtMs: null }
  try {
    await database.db
      .insertInto('payment_events')
      .values(rowOfEvent(event, { payload: command.payload, nextTryAtMs }))
      .execute()
    return { kind: 'inserted' }
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    const known = await findEvent(database, command.provider, command.eventKey)
    if (!known) throw error
    return { kind: 'known', event: known }
  }
}

const TRY_AGAIN_MS_MIN = 1_000
const TRY_AGAIN_MS_MAX = 60_000
/** One that goes to its lane may stand there for a while. */
const IN_LANE_MS_MIN = 10_000

export type WaitingEvent = { readonly event: PaymentEvent; readonly orderId: string | null }

/**
 * Takes events whose next try has come, and puts that try off, doubling up to a minute: another sweeper passes them by.
 * Each comes with the order that it leads to by now, if any.
 */
export function takeWaitingEvents(
  { db }: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<readonly WaitingEvent[]> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<PaymentEventRow>`
      select * from payment_events force index (payment_events_next)
      where state = 'waiting' and next_try_at_ms <= ${nowMs}
      order by next_try_at_ms limit ${limit} for update skip locked`.execute(trx)
    const orderOf = await ordersByReference(trx, rows)
    for (const row of rows) {
      const isRouted =
        row.order_id !== null || row.hold_id !== null || orderOf.has(String(row.payment_ref))
      const leastMs = isRouted ? IN_LANE_MS_MIN : TRY_AGAIN_MS_MIN
      const pauseMs = Math.max(leastMs, TRY_AGAIN_MS_MIN * 2 ** Math.min(row.tries, 10))
      await trx
        .updateTable('payment_events')
        .set({ tries: row.tries + 1, next_try_at_ms: nowMs + Math.min(pauseMs, TRY_AGAIN_MS_MAX) })
        .where('provider', '=', row.provider)
        .where('event_key', '=', row.event_key)
        .execute()
    }
    return rows.map((row) => ({
      event: eventOf(row),
      orderId: row.order_id ?? orderOf.get(String(row.payment_ref)) ?? null,
    }))
  })
}

async function ordersByReference(
  trx: Transaction<Schema>,
  events: readonly PaymentEventRow[],
): Promise<ReadonlyMap<string, string>> {
  const references = events.flatMap((row) => (row.payment_ref === null ? [] : [row.payment_ref]))
  if (references.length === 0) return new Map()
  const owners = await trx
    .selectFrom('payments')
    .select(['reference', 'order_id'])
    .where('reference', 'in', references)
    .execute()
  return new Map(owners.map((row) => [String(row.reference), row.order_id]))
}
