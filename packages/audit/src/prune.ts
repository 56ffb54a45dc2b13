/** Retention: what is old and none of the shop's books goes, behind a checkpoint that the audit's replay came by. */
import {
  type Checkpoint,
  type Database,
  type Deleted,
  deleteBehind,
  withPruneLock,
  withSnapshot,
  writeCheckpoint,
} from '@flashlane/db'
import { CHECKERS, createFindings, type Report } from './findings.ts'
import { auditProduct } from './product.ts'

type Options = {
  /** Entries applied before this may go. By the database's clock. */
  readonly beforeMs: number
  pause(): Promise<void>
  /** Told of each product that had something to prune, or whose books are wrong. */
  tell(pruned: Pruned): void
}

/** Either is null where the other is not. */
export type Pruned = {
  readonly productId: number
  /** What was deleted up to which entry. */
  readonly done: (Deleted & { readonly seq: number }) | null
  /** What the audit found: then nothing of the product was touched. */
  readonly wrong: Report | null
}

const PAGE = 500

/** True where all books were right. Throws PruneUnderWay where another process prunes. May be ended at any moment. */
export function prune(database: Database, options: Options): Promise<boolean> {
  return withPruneLock(database, async () => {
    let isRight = true
    for (let after = 0; ; ) {
      const from = after
      const ids = await withSnapshot(database, (books) => books.productIdsAfter(from, PAGE))
      for (const productId of ids) {
        const pruned = await pruneProduct(database, productId, options)
        if (pruned.wrong) isRight = false
        if (pruned.wrong || pruned.done) options.tell(pruned)
      }
      if (ids.length < PAGE) return isRight
      after = ids.at(-1) ?? after
    }
  })
}

async function pruneProduct(
  database: Database,
  productId: number,
  options: Options,
): Promise<Pruned> {
  const audited = await auditTo(database, productId, options)
  if (!audited.report.ok) return { productId, done: null, wrong: audited.report }
  const { newer, older } = audited
  if (newer) await writeCheckpoint(database, newer)
  // An older one may have been written by a process that was ended before it had deleted all.
  const checkpoint = newer ?? older
  if (!checkpoint) return { productId, done: null, wrong: null }
  const deleted = await deleteBehind(database, checkpoint)
  const done = deleted.entries > 0 ? { ...deleted, seq: checkpoint.seq } : null
  return { productId, done, wrong: null }
}

type Audited = {
  readonly report: Report
  readonly older: Checkpoint | null
  readonly newer: Checkpoint | null
}

/** A moment of its own for each product, so that the server need not keep for the last what it had for the first. */
function auditTo(
  database: Database,
  productId: number,
  { beforeMs, pause }: Options,
): Promise<Audited> {
  return withSnapshot(database, async (books) => {
    const findings = createFindings(CHECKERS)
    const auditing = { books, findings, pause, isCaptured: null }
    const newer = await auditProduct(auditing, productId, { beforeMs })
    return { report: findings.report(), older: await books.checkpoint(productId), newer }
  })
}
