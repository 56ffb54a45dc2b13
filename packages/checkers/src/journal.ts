/** The journals of all products, entry by entry in their order, for checkers that walk along. */
import { type Books, type Entry, entryOf } from '@flashlane/audit'

/** One that is told every entry of a product, in order, and product after product. */
export type Walker = {
  take(entry: Entry): void
  /** Every entry was told. */
  end(): void
}

const PRODUCTS = 500
const ENTRIES = 32

/** Those that cannot be read are the audit's to blame. */
export async function* readJournals(
  books: Books,
  pause: () => Promise<void>,
): AsyncGenerator<Entry> {
  for (let after = 0; ; ) {
    const ids = await books.productIdsAfter(after, PRODUCTS)
    for (const id of ids) yield* readJournal(books, id, pause)
    if (ids.length < PRODUCTS) return
    after = ids.at(-1) ?? after
  }
}

async function* readJournal(
  books: Books,
  productId: number,
  pause: () => Promise<void>,
): AsyncGenerator<Entry> {
  for (let afterSeq = 0; ; ) {
    const rows = await books.entries(productId, { afterSeq, limit: ENTRIES })
    for (const row of rows) {
      afterSeq = row.seq
      const entry = entryOf(row)
      if (entry) yield entry
      await pause()
    }
    if (rows.length < ENTRIES) return
  }
}
