/** A product's journal, read a stretch at a time: some hundred commands, so that deciding them takes some milliseconds. */
import type { Books } from './books.ts'
import { type Entry, entryOf } from './entry.ts'

const STRETCH_BYTES = 256_000
const STRETCH_ENTRIES_MAX = 128

type Reading = {
  readonly productId: number
  /** Entries up to this one may be pruned. */
  readonly afterSeq: number
  pause(): Promise<void>
  /** Told of what is no entry; it is left out. */
  onUnreadable(seq: number): void
}

export async function* stretchesOf(
  books: Books,
  { productId, afterSeq: begin, pause, onUnreadable }: Reading,
): AsyncGenerator<readonly Entry[]> {
  let limit = 1
  let afterSeq = begin
  for (;;) {
    const rows = await books.entries(productId, { afterSeq, limit })
    if (rows.length === 0) return
    const entries: Entry[] = []
    let bytes = 0
    for (const row of rows) {
      const entry = entryOf(row)
      if (entry) entries.push(entry)
      else onUnreadable(row.seq)
      bytes += row.body.length
      afterSeq = row.seq
      await pause()
    }
    yield entries
    limit = nextLimit(limit, { bytes, rows: rows.length })
  }
}

/** As many entries as make a stretch, going by the last one; growing slowly, since the next ones may be larger. */
function nextLimit(limit: number, { bytes, rows }: { bytes: number; rows: number }): number {
  const fitting = Math.floor(STRETCH_BYTES / (bytes / rows))
  return Math.max(1, Math.min(fitting, limit * 2, STRETCH_ENTRIES_MAX))
}
