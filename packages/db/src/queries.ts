/** What the api reads: holds, orders, and what became of commands and batches. */
import {
  type Hold,
  holdAtBirth,
  type Order,
  orderAtBirth,
  type Outcome,
  parseId,
  type Refund,
  siblingId,
  timeOf,
} from '@flashlane/core'
import type { Database } from './connect.ts'
import { outcomesOf } from './journal.ts'
import { hex, holdOf, orderOf, refundOf, toBytes } from './rows.ts'

export type OrderView = { readonly order: Order; readonly refunds: readonly Refund[] }

export async function findHold({ db }: Database, holdId: string): Promise<Hold | null> {
  const row = await db
    .selectFrom('holds')
    .selectAll()
    .where('hold_id', '=', holdId)
    .executeTakeFirst()
  return row ? holdOf(row) : null
}

export function findOrder({ db }: Database, orderId: string): Promise<OrderView | null> {
  // One snapshot for the three reads: a payment and the status it made belong together.
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const row = await trx
        .selectFrom('orders')
        .selectAll()
        .where('order_id', '=', orderId)
        .executeTakeFirst()
      if (!row) return null
      const payments = await trx
        .selectFrom('payments')
        .selectAll()
        .where('order_id', '=', orderId)
        .execute()
      const refunds = await trx
        .selectFrom('refunds')
        .selectAll()
        .where('order_id', '=', orderId)
        .execute()
      return { order: orderOf(row, payments), refunds: refunds.map(refundOf) }
    })
}

export type StoredCommand = {
  readonly type: string
  readonly outcome: Outcome
  readonly fingerprint: string | null
  /** Not known of a keyed command that made a hold or an order. */
  readonly acceptedAtMs: number | null
  readonly appliedAtMs: number
}

/** What became of a command: told by the hold or order that it made, else by its own row. */
export async function findCommand(
  database: Database,
  commandId: string,
): Promise<StoredCommand | null> {
  const row = await database.db
    .selectFrom('outcomes')
    .selectAll()
    .where('command_id', '=', commandId)
    .executeTakeFirst()
  if (row) {
    return {
      type: row.type,
      outcome: JSON.parse(row.body) as Outcome,
      fingerprint: row.fingerprint === null ? null : hex(row.fingerprint),
      acceptedAtMs: row.accepted_at_ms,
      appliedAtMs: row.applied_at_ms,
    }
  }
  const hold = await findHold(database, siblingId(commandId, 'hold'))
  if (hold) return bornOf({ type: 'PlaceHold', commandId }, holdAtBirth(hold), hold)
  const found = await findOrder(database, siblingId(commandId, 'ord'))
  if (!found) return null
  return bornOf({ type: 'PlaceOrder', commandId }, orderAtBirth(found.order), found.order)
}

const bornOf = (
  { type, commandId }: { type: string; commandId: string },
  result: ReturnType<typeof holdAtBirth>,
  born: Pick<Hold, 'bornVersion' | 'fingerprint' | 'createdAtMs'>,
): StoredCommand => ({
  type,
  outcome: { outcome: 'accepted', result, version: born.bornVersion },
  fingerprint: born.fingerprint,
  // A drawn id tells the time of its making, which is that of the acceptance.
  acceptedAtMs: born.fingerprint === null ? timeOf(parseId(commandId)?.x ?? '') : null,
  appliedAtMs: born.createdAtMs,
})

/** Those of these batches that were applied, with the outcomes in the order of their commands. */
export async function findBatches(
  { db }: Database,
  batchIds: readonly string[],
): Promise<Map<string, readonly Outcome[]>> {
  const found = new Map<string, readonly Outcome[]>()
  if (batchIds.length === 0) return found
  const entries = await db
    .selectFrom('journal')
    .select(['batch_id', 'seq', 'applied_at_ms', 'body'])
    .where('batch_id', 'in', batchIds)
    .execute()
  const letters = await db
    .selectFrom('dead_letters')
    .select(['batch_id', 'n'])
    .where('batch_id', 'in', batchIds)
    .execute()
  for (const batchId of batchIds) {
    const outcomes = outcomesOf(
      entries.filter((each) => each.batch_id === batchId),
      letters.filter((each) => each.batch_id === batchId),
    )
    if (outcomes) found.set(batchId, outcomes)
  }
  return found
}

/** The products on which a batch took effect; none where it has not. */
export async function productsOfBatch({ db }: Database, batchId: string): Promise<number[]> {
  const rows = await db
    .selectFrom('journal')
    .select('product_id')
    .where('batch_id', '=', batchId)
    .execute()
  return rows.map((row) => row.product_id)
}

/** The order that a payment reference belongs to. */
export async function findOrderByReference(
  { db }: Database,
  paymentRef: string,
): Promise<{ orderId: string; productId: number } | null> {
  const row = await db
    .selectFrom('payments')
    .select(['order_id', 'product_id'])
    .where('reference', '=', toBytes(paymentRef))
    .executeTakeFirst()
  return row ? { orderId: row.order_id, productId: row.product_id } : null
}
