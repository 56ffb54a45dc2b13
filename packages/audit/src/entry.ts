/** An entry of the journal, as it is checked: read whole. */
import type { PaymentResult } from '@flashlane/core'
import { type JournalRow, parseEntry, type RecordedCommand } from '@flashlane/db'

export type Entry = {
  readonly productId: number
  readonly seq: number
  readonly appliedAtMs: number
  readonly rules: number
  readonly commands: readonly RecordedCommand[]
}

/** Null where the body is no entry's. */
export function entryOf(row: JournalRow): Entry | null {
  try {
    return {
      productId: row.product_id,
      seq: row.seq,
      appliedAtMs: row.applied_at_ms,
      rules: row.rules,
      commands: parseEntry(row),
    }
  } catch {
    return null
  }
}

const REPEATS: readonly PaymentResult[] = ['duplicate', 'key_reused']

/** Where an event was known already, whoever applied it: what it was answered. */
export function repeatOf({
  command,
  outcome,
}: RecordedCommand): { readonly orderId: string | null } | null {
  if (command.type !== 'RecordPayment' || outcome.outcome !== 'accepted') return null
  if (outcome.result.type !== 'payment' || !REPEATS.includes(outcome.result.result)) return null
  return { orderId: outcome.result.orderId }
}
