/** What operators look at, and what they mark as done: dead letters, refunds, payment events. */
import type { PaymentEvent, PaymentResult, Refund, RefundReason } from '@flashlane/core'
import type { Database } from './connect.ts'
import { eventOf } from './rows.ts'
import type { DeadLetterRow, RefundRow } from './schema.ts'

type Page = { readonly offset: number; readonly limit: number }
type Paged<Item> = { readonly items: readonly Item[]; readonly total: number }

export type DeadLetter = {
  /** Of the batch and its place in it. */
  readonly id: string
  readonly productId: number | null
  readonly buriedAtMs: number
  readonly reason: string
  /** A command, or whatever a job carried that was no batch. */
  readonly body: unknown
  readonly replayedAtMs: number | null
  readonly replayedAs: string | null
}

const letterId = ({ batch_id, n }: Pick<DeadLetterRow, 'batch_id' | 'n'>): string =>
  `${batch_id}.${n}`

function parseLetterId(id: string): { batch_id: string; n: number } | null {
  const match = /^(.{1,64})\.([0-9]{1,6})$/.exec(id)
  return match ? { batch_id: match[1] as string, n: Number(match[2]) } : null
}

const letterOf = (row: DeadLetterRow): DeadLetter => ({
  id: letterId(row),
  productId: row.product_id,
  buriedAtMs: row.buried_at_ms,
  reason: row.reason,
  body: parseBody(row.body),
  replayedAtMs: row.replayed_at_ms,
  replayedAs: row.replayed_as,
})

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Newest first. */
export async function listDeadLetters(
  { db }: Database,
  { offset, limit, isReplayed }: Page & { isReplayed?: boolean },
): Promise<Paged<DeadLetter>> {
  const letters = db
    .selectFrom('dead_letters')
    .$if(isReplayed === true, (query) => query.where('replayed_at_ms', 'is not', null))
    .$if(isReplayed === false, (query) => query.where('replayed_at_ms', 'is', null))
  const rows = await letters
    .selectAll()
    .orderBy('buried_at_ms', 'desc')
    .orderBy('batch_id')
    .orderBy('n')
    .limit(limit)
    .offset(offset)
    .execute()
  const { total } = await letters
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { items: rows.map(letterOf), total }
}

export async function findDeadLetter({ db }: Database, id: string): Promise<DeadLetter | null> {
  const key = parseLetterId(id)
  if (!key) return null
  const row = await db
    .selectFrom('dead_letters')
    .selectAll()
    .where('batch_id', '=', key.batch_id)
    .where('n', '=', key.n)
    .executeTakeFirst()
  return row ? letterOf(row) : null
}

/** Takes a letter for one replay; false where it was replayed before. */
export async function claimReplay(
  { db }: Database,
  id: string,
  { commandId, nowMs }: { commandId: string; nowMs: number },
): Promise<boolean> {
  const key = parseLetterId(id)
  if (!key) return false
  const { numUpdatedRows } = await db
    .updateTable('dead_letters')
    .set({ replayed_at_ms: nowMs, replayed_as: commandId })
    .where('batch_id', '=', key.batch_id)
    .where('n', '=', key.n)
    .where('replayed_at_ms', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** The replay has become another command than was thought: a payment is given its id where it is routed. */
export async function nameReplay(
  { db }: Database,
  drawn: string,
  commandId: string,
): Promise<void> {
  await db
    .updateTable('dead_letters')
    .set({ replayed_as: commandId })
    .where('replayed_as', '=', drawn)
    .execute()
}

/** The replay was not taken: it may be tried again. */
export async function dropReplay({ db }: Database, commandId: string): Promise<void> {
  await db
    .updateTable('dead_letters')
    .set({ replayed_at_ms: null, replayed_as: null })
    .where('replayed_as', '=', commandId)
    .execute()
}

export type RefundItem = {
  readonly refundId: string
  /** Null for an orphan's, as are product and order. */
  readonly orderId: string | null
  readonly productId: number | null
  readonly reference: string | null
  /** Null where an orphan's event did not tell. */
  readonly amount: number | null
  readonly currency: string | null
  readonly status: Refund['status']
  readonly reason: RefundReason
  readonly createdAtMs: number
  /** The event that told of an orphan. */
  readonly provider: string | null
  readonly eventKey: string | null
}

/** Oldest first: those who wait longest. */
export async function listRefunds(
  { db }: Database,
  { offset, limit, status }: Page & { status?: Refund['status'] },
): Promise<Paged<RefundItem>> {
  const refunds = db
    .selectFrom('refunds')
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? 'due'))
  const rows = await refunds
    .selectAll()
    .orderBy('created_at_ms')
    .orderBy('refund_id')
    .limit(limit)
    .offset(offset)
    .execute()
  const { total } = await refunds
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { items: rows.map(refundItemOf), total }
}

export async function findRefund({ db }: Database, refundId: string): Promise<RefundItem | null> {
  const row = await db
    .selectFrom('refunds')
    .selectAll()
    .where('refund_id', '=', refundId)
    .executeTakeFirst()
  return row ? refundItemOf(row) : null
}

const refundItemOf = (row: RefundRow): RefundItem => ({
  refundId: row.refund_id,
  orderId: row.order_id,
  productId: row.product_id,
  reference: row.reference?.toString('utf8') ?? null,
  amount: row.amount,
  currency: row.currency,
  status: row.status,
  reason: row.reason,
  createdAtMs: row.created_at_ms,
  provider: row.provider,
  eventKey: row.event_key?.toString('utf8') ?? null,
})

type EventFilter = { readonly state?: PaymentEvent['state']; readonly result?: PaymentResult }

/** Payment events without their bodies, oldest first. */
export async function listPaymentEvents(
  { db }: Database,
  { offset, limit, state, result }: Page & EventFilter,
): Promise<Paged<PaymentEvent>> {
  const events = db
    .selectFrom('payment_events')
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'done'))
    .$if(result !== undefined, (query) => query.where('result', '=', result ?? null))
  const rows = await events
    .select([
      'provider',
      'event_key',
      'state',
      'kind',
      'reference',
      'order_id',
      'hold_id',
      'payment_ref',
      'amount',
      'currency',
      'refund_id',
      'release_on_failure',
      'restock_on_refund',
      'body_hash',
      'accepted_at_ms',
      'next_try_at_ms',
      'tries',
      'result',
      'applied_at_ms',
    ])
    .orderBy('accepted_at_ms')
    .orderBy('event_key')
    .limit(limit)
    .offset(offset)
    .execute()
  const { total } = await events
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { items: rows.map(eventOf), total }
}
