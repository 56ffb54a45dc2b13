/** What could not be applied, kept for operators. */
import { type Decided, type RecordPayment, siblingId } from '@flashlane/core'
import type { Transaction } from 'kysely'
import type { Database } from './connect.ts'
import { outcomeRowsOf, putOffFailed } from './save.ts'
import type { DeadLetterRow, Schema } from './schema.ts'

const REASON_LENGTH_MAX = 1_000

export const deadLetter = (
  head: Pick<DeadLetterRow, 'batch_id' | 'n' | 'product_id' | 'buried_at_ms'>,
  { error, body }: { error: unknown; body: unknown },
): DeadLetterRow => ({
  ...head,
  reason: String(error).slice(0, REASON_LENGTH_MAX),
  body: JSON.stringify(body) ?? '',
  replayed_at_ms: null,
  replayed_as: null,
})

/**
 * Buries what no transaction can hold, with `internal_error` as its outcome. Done before, it stays as it was: the same
 * job may come twice. So does the outcome of a command that is repeated.
 */
export async function bury(
  { db }: Database,
  letters: readonly DeadLetterRow[],
  decided: readonly Decided[],
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('dead_letters').ignore().values(letters).execute()
    const made = await madeBefore(trx, decided)
    const outcomes = outcomeRowsOf(decided).filter(({ command_id }) => !made.has(command_id))
    if (outcomes.length > 0) await trx.insertInto('outcomes').ignore().values(outcomes).execute()
    for (const query of putOffFailed(decided)) await trx.executeQuery(query)
  })
}

/** Keeps money that came under another payment's key, once however often it is told. */
export async function buryReusedKey(
  { db }: Database,
  command: RecordPayment,
  { reason, nowMs }: { reason: string; nowMs: number },
): Promise<void> {
  const head = {
    batch_id: `key_${command.bodyHash}`,
    n: 0,
    product_id: command.productId,
    buried_at_ms: nowMs,
  }
  const letter = deadLetter(head, { error: reason, body: command })
  await db.insertInto('dead_letters').ignore().values(letter).execute()
}

/** Commands with a key whose hold or order is there: that tells their outcome. */
async function madeBefore(
  trx: Transaction<Schema>,
  decided: readonly Decided[],
): Promise<ReadonlySet<string>> {
  const ids = decided.flatMap(({ command }) =>
    command.fingerprint === undefined ? [] : [command.commandId],
  )
  if (ids.length === 0) return new Set()
  const holdIds = ids.map((id) => siblingId(id, 'hold'))
  const orderIds = ids.map((id) => siblingId(id, 'ord'))
  const holds = await trx
    .selectFrom('holds')
    .select('hold_id as id')
    .where('hold_id', 'in', holdIds)
    .execute()
  const orders = await trx
    .selectFrom('orders')
    .select('order_id as id')
    .where('order_id', 'in', orderIds)
    .execute()
  return new Set([...holds, ...orders].map(({ id }) => siblingId(id, 'cmd')))
}
