/** The inbox: payment events that no lane has seen yet. The api only ever adds `waiting` rows; the sweeper carries them on. */
import { parseId, type PaymentEvent, type RecordPayment } from '@flashlane/core'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connect.ts'
import { isDuplicateKey } from './errors.ts'
import { EVENT_COLUMNS } from './load.ts'
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

/** The payloads stay where they are: two hundred of them may be 50 MB. */
type EventRow = Omit<PaymentEventRow, 'payload'>

export type WaitingEvent = {
  readonly event: PaymentEvent
  readonly orderId: string | null
  /** Null while nobody knows whose it is: it has no lane. */
  readonly productId: number | null
}

/**
 * Takes events whose next try has come, and puts that try off, doubling up to a minute: another sweeper passes them by.
 * Each comes with the order that it leads to by now, if any.
 */
export function takeWaitingEvents(
  { db }: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<readonly WaitingEvent[]> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<EventRow>`
      select ${EVENT_COLUMNS} from payment_events e force index (payment_events_next)
      where state = 'waiting' and next_try_at_ms <= ${nowMs}
      order by next_try_at_ms limit ${limit} for update skip locked`.execute(trx)
    const waiting = await route(trx, rows)
    for (const [n, row] of rows.entries()) {
      const leastMs = waiting[n]?.productId ? IN_LANE_MS_MIN : TRY_AGAIN_MS_MIN
      const pauseMs = Math.max(leastMs, TRY_AGAIN_MS_MIN * 2 ** Math.min(row.tries, 10))
      await trx
        .updateTable('payment_events')
        .set({ tries: row.tries + 1, next_try_at_ms: nowMs + Math.min(pauseMs, TRY_AGAIN_MS_MAX) })
        .where('provider', '=', row.provider)
        .where('event_key', '=', row.event_key)
        .execute()
    }
    return waiting
  })
}

/** An id of ours leads to its product, if there is such a one; a payment reference to that of the order which owns it. */
async function route(
  trx: Transaction<Schema>,
  rows: readonly EventRow[],
): Promise<readonly WaitingEvent[]> {
  const owners = await ownersOf(trx, rows)
  const named = rows.map((row) => parseId(row.order_id ?? row.hold_id ?? '')?.productId ?? null)
  const existing = await existingOf(trx, named)
  return rows.map((row, n) => {
    const event = eventOf(row)
    const productId = named[n] ?? null
    if (productId !== null) {
      return { event, orderId: row.order_id, productId: existing.has(productId) ? productId : null }
    }
    const owner = owners.get(String(row.payment_ref))
    return { event, orderId: owner?.order_id ?? null, productId: owner?.product_id ?? null }
  })
}

async function ownersOf(trx: Transaction<Schema>, events: readonly EventRow[]) {
  const references = events.flatMap((row) => (row.payment_ref === null ? [] : [row.payment_ref]))
  if (references.length === 0) return new Map<string, never>()
  const owners = await trx
    .selectFrom('payments')
    .select(['reference', 'order_id', 'product_id'])
    .where('reference', 'in', references)
    .execute()
  return new Map(owners.map((row) => [String(row.reference), row]))
}

async function existingOf(trx: Transaction<Schema>, productIds: readonly (number | null)[]) {
  const ids = [...new Set(productIds)].filter((id) => id !== null)
  if (ids.length === 0) return new Set<number>()
  const rows = await trx
    .selectFrom('products')
    .select('product_id')
    .where('product_id', 'in', ids)
    .execute()
  return new Set(rows.map((row) => row.product_id))
}
