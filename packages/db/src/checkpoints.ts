/** From where an audit goes on: a product as an entry of its journal left it, once everything before is pruned. */
import type { Product } from '@flashlane/core'
import type { Database } from './connect.ts'
import { isDuplicateKey } from './errors.ts'
import type { CheckpointRow } from './schema.ts'

/** No holds and no orders: those that changed since are brought back from the entries that changed them. */
export type Checkpoint = {
  readonly productId: number
  /** Of the entry, and its time: entries after it are later by a millisecond at least. */
  readonly seq: number
  readonly appliedAtMs: number
  /** As it stood after the entry. */
  readonly product: Product
  /** What the entries up to here made. Rows of holds are pruned, so nobody counts them. */
  readonly made: { readonly orders: number; readonly payments: number; readonly refunds: number }
  /** Units of orders that were given back and stay sold. */
  readonly kept: number
}

type Body = Pick<Checkpoint, 'product' | 'made' | 'kept'>

export const checkpointOf = (row: CheckpointRow): Checkpoint => ({
  productId: row.product_id,
  seq: row.seq,
  appliedAtMs: row.applied_at_ms,
  ...(JSON.parse(row.body) as Body),
})

/**
 * Takes the place of an older one of the product; true if it did. One that stands as far, or further, stays: a checkpoint
 * never goes back. Deletes and inserts, so that a pruner needs no right to change rows.
 */
export async function writeCheckpoint({ db }: Database, checkpoint: Checkpoint): Promise<boolean> {
  const { productId, seq, appliedAtMs, product, made, kept } = checkpoint
  const body: Body = { product, made, kept }
  try {
    await db.transaction().execute(async (trx) => {
      await trx
        .deleteFrom('checkpoints')
        .where('product_id', '=', productId)
        .where('seq', '<', seq)
        .execute()
      await trx
        .insertInto('checkpoints')
        .values({
          product_id: productId,
          seq,
          applied_at_ms: appliedAtMs,
          body: JSON.stringify(body),
        })
        .execute()
    })
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}
