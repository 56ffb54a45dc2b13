/**
 * Payment events whose order never came. Their money belongs to no order, and mostly to no product: so no lane decides
 * them, but the event's own row lock, which a lane takes too when it looks for what waits for its orders.
 */
import { hash } from 'node:crypto'
import { type PaymentEvent, type PaymentResult } from '@flashlane/core'
import type { Transaction } from 'kysely'
import type { Database } from './connect.ts'
import { eventOf, toBytes } from './rows.ts'
import type { Schema } from './schema.ts'

type Key = Pick<PaymentEvent, 'provider' | 'eventKey'>

/** Parked events that were accepted before `beforeMs`, oldest first. */
export async function parkedBefore(
  { db }: Database,
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<readonly Key[]> {
  const rows = await db
    .selectFrom('payment_events')
    .select(['provider', 'event_key'])
    .where('state', '=', 'parked')
    // The index is on this; for what is parked it is the acceptance, or a little later.
    .where('next_try_at_ms', '<=', beforeMs)
    .where('accepted_at_ms', '<=', beforeMs)
    .orderBy('next_try_at_ms')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ provider: row.provider, eventKey: row.event_key.toString('utf8') }))
}

export type Unclaimed = { readonly event: PaymentEvent; readonly result: PaymentResult }

/**
 * Ends an event that no order has claimed, if it was accepted before `beforeMs`: money that came is owed back, once a
 * payment. News that such money went back ends at once. Null where it still waits, or an order has claimed it meanwhile.
 */
export function endUnclaimed(
  { db }: Database,
  { provider, eventKey }: Key,
  { beforeMs, nowMs }: { beforeMs: number; nowMs: number },
): Promise<Unclaimed | null> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('payment_events')
      .selectAll()
      .where('provider', '=', provider)
      .where('event_key', '=', toBytes(eventKey))
      .where('state', 'in', ['waiting', 'parked'])
      .forUpdate()
      .executeTakeFirst()
    if (!row) return null
    const event = eventOf(row)
    const result = await resultOf(trx, event, { isOver: event.acceptedAtMs <= beforeMs, nowMs })
    if (!result) return null
    await trx
      .updateTable('payment_events')
      .set({ state: 'done', result, applied_at_ms: nowMs })
      .where('provider', '=', provider)
      .where('event_key', '=', toBytes(eventKey))
      .execute()
    return { event, result }
  })
}

async function resultOf(
  trx: Transaction<Schema>,
  event: PaymentEvent,
  { isOver, nowMs }: { isOver: boolean; nowMs: number },
): Promise<PaymentResult | null> {
  if (event.kind === 'refunded' && (await closeRefund(trx, event))) return 'applied'
  if (!isOver) return null
  if (event.kind !== 'succeeded') return 'ignored'
  if (await isCounted(trx, event)) return 'payment_mismatch'
  await trx
    .insertInto('refunds')
    .values({
      refund_id: orphanRefundId(event),
      product_id: null,
      order_id: null,
      reference: event.paymentRef === null ? null : toBytes(event.paymentRef),
      amount: event.amount,
      currency: event.currency,
      status: 'due',
      reason: 'orphan_payment',
      created_at_ms: nowMs,
      provider: event.provider,
      event_key: toBytes(event.eventKey),
    })
    .execute()
  return 'orphan_payment'
}

/** Whether this money pays an order already, or goes back already: two events may tell of one payment. */
async function isCounted(trx: Transaction<Schema>, { paymentRef }: PaymentEvent): Promise<boolean> {
  if (paymentRef === null) return false
  const owner = await trx
    .selectFrom('payments')
    .select('status')
    .where('reference', '=', toBytes(paymentRef))
    .forUpdate()
    .executeTakeFirst()
  if (owner && owner.status !== 'named') return true
  const refund = await trx
    .selectFrom('refunds')
    .select('refund_id')
    .where('reference', '=', toBytes(paymentRef))
    .executeTakeFirst()
  return refund !== undefined
}

/** A part closes nothing: the refund stands until the whole is told, or an operator has seen to it. */
async function closeRefund(
  trx: Transaction<Schema>,
  { paymentRef, amount, currency }: PaymentEvent,
): Promise<boolean> {
  if (paymentRef === null) return false
  let closing = trx
    .updateTable('refunds')
    .set({ status: 'done' })
    .where('reference', '=', toBytes(paymentRef))
    .where('order_id', 'is', null)
  if (amount !== null) {
    closing = closing.where((is) => is.or([is('amount', 'is', null), is('amount', '<=', amount)]))
    if (currency !== null) {
      closing = closing.where((is) =>
        is.or([is('currency', 'is', null), is('currency', '=', currency)]),
      )
    }
  }
  const { numUpdatedRows } = await closing.executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Stable: the same event told twice is one refund. */
export const orphanRefundId = ({ provider, eventKey }: Key): string =>
  `rfd_orphan_${hash('sha256', `${provider} ${eventKey}`, 'hex').slice(0, 32)}`

/** An operator tells how far an orphan's refund is. It never goes back a step. */
export async function settleOrphan(
  { db }: Database,
  refundId: string,
  status: 'sent' | 'done',
): Promise<void> {
  await db
    .updateTable('refunds')
    .set({ status })
    .where('refund_id', '=', refundId)
    .where('order_id', 'is', null)
    .where('status', 'in', status === 'sent' ? ['due'] : ['due', 'sent'])
    .execute()
}
