/** The inbox: payment events that no lane has seen yet. The api only ever adds `waiting` rows; the sweeper carries them on. */
import type { PaymentEvent, RecordPayment } from '@flashlane/core'
import { sql } from 'kysely'
import type { Database } from './connect.ts'
import { isDuplicateKey } from './errors.ts'
import { eventOf, rowOfEvent, toBytes } from './rows.ts'
import type { PaymentEventRow } from './schema.ts'

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

export type WaitingEvent = { readonly event: PaymentEvent; readonly orderId: string | null }

/**
 * Takes events whose next try has come, and puts that try off, doubling up to a minute: another sweeper passes them by.
 * Each comes with the order that its payment reference leads to by now.
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
    for (const row of rows) {
      const pauseMs = Math.min(TRY_AGAIN_MS_MIN * 2 ** Math.min(row.tries, 10), TRY_AGAIN_MS_MAX)
      await trx
        .updateTable('payment_events')
        .set({ tries: row.tries + 1, next_try_at_ms: nowMs + pauseMs })
        .where('provider', '=', row.provider)
        .where('event_key', '=', row.event_key)
        .execute()
    }
    const references = rows.flatMap((row) => (row.payment_ref === null ? [] : [row.payment_ref]))
    const owners =
      references.length === 0
        ? []
        : await trx
            .selectFrom('payments')
            .select(['reference', 'order_id'])
            .where('reference', 'in', references)
            .execute()
    const orderOfReference = new Map(owners.map((row) => [String(row.reference), row.order_id]))
    return rows.map((row) => {
      const event = eventOf(row)
      return { event, orderId: orderOfReference.get(event.paymentRef ?? '') ?? null }
    })
  })
}
