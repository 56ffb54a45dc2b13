/** The journal, read once for all checks. */
import type { Command, Outcome } from '@flashlane/core'
import { parseEntry, type RecordedCommand } from '@flashlane/db'
import type { Tables } from '../mysql/tables.ts'

export type Recorded = RecordedCommand & {
  readonly command: Command
  readonly productId: number
  readonly seq: number
  readonly appliedAtMs: number
}

export type Journal = {
  readonly recorded: readonly Recorded[]
  /** Where each command took effect, and not where it was answered again. */
  readonly places: ReadonlyMap<string, Recorded>
}

export function readJournal({ journal }: Tables, blame: (sentence: string) => void): Journal {
  const rows = [...journal.rows.values()].toSorted(
    (a, b) => a.product_id - b.product_id || a.seq - b.seq,
  )
  const recorded = rows.flatMap((row) =>
    parseEntry(row).map((each) => ({
      ...each,
      command: each.command as Command,
      productId: row.product_id,
      seq: row.seq,
      appliedAtMs: row.applied_at_ms,
    })),
  )
  const places = new Map<string, Recorded>()
  for (const each of recorded) {
    if (each.outcome.replayed) continue
    const { commandId } = each.command
    if (places.has(commandId)) blame(`${commandId} takes effect twice (G2)`)
    places.set(commandId, each)
  }
  return { recorded, places }
}

/** What a client is told, without that he was told before. */
export const bare = ({ replayed: _replayed, ...outcome }: Outcome): string =>
  JSON.stringify(sorted(outcome))

/** Keys in their order: the journal and a row write them in different ones. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}
