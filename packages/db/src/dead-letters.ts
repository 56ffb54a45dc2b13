/** What could not be applied, kept for operators. */
import type { Database } from './connect.ts'
import type { DeadLetterRow } from './schema.ts'
import { insertRows } from './statements.ts'

const REASON_LENGTH_MAX = 1_000

export const deadLetter = (
  head: Pick<DeadLetterRow, 'batch_id' | 'n' | 'product_id' | 'buried_at_ms'>,
  { error, body }: { error: unknown; body: unknown },
): DeadLetterRow => ({
  ...head,
  reason: String(error).slice(0, REASON_LENGTH_MAX),
  body: JSON.stringify(body) ?? '',
})

/** Buries what no transaction can hold. Done before, it stays as it was: the same job may come twice. */
export async function bury({ pool }: Database, letters: readonly DeadLetterRow[]): Promise<void> {
  for (const { sql, parameters } of insertRows('dead_letters', letters)) {
    await pool.promise().query(sql.replace(/^insert/, 'insert ignore'), [...parameters])
  }
}
