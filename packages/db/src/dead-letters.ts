/** What could not be applied, kept for operators. */
import type { Database } from './connect.ts'
import type { DeadLetterRow, OutcomeRow } from './schema.ts'

const REASON_LENGTH_MAX = 1_000

export const deadLetter = (
  head: Pick<DeadLetterRow, 'batch_id' | 'n' | 'product_id' | 'buried_at_ms'>,
  { error, body }: { error: unknown; body: unknown },
): DeadLetterRow => ({
  ...head,
  reason: String(error).slice(0, REASON_LENGTH_MAX),
  body: JSON.stringify(body) ?? '',
})

/**
 * Buries what no transaction can hold, with `internal_error` as its outcome. Done before, it stays as it was: the same
 * job may come twice.
 */
export async function bury(
  { db }: Database,
  letters: readonly DeadLetterRow[],
  outcomes: readonly OutcomeRow[],
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('dead_letters').ignore().values(letters).execute()
    if (outcomes.length > 0) await trx.insertInto('outcomes').ignore().values(outcomes).execute()
  })
}
