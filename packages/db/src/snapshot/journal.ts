/** Of a snapshot: products, what their journals tell, and the outcomes that have rows of their own. */
import type { Outcome, Product, StoredOutcome } from '@flashlane/core'
import { type Selectable, sql } from 'kysely'
import { type Checkpoint, checkpointOf } from '../checkpoints.ts'
import { hex, productOf } from '../rows.ts'
import type { CheckpointRow, JournalRow, OutcomeRow, ProductRow } from '../schema.ts'
import type { RowsOf } from './rows-of.ts'

export function journalReads(rowsOf: RowsOf) {
  return {
    async product(productId: number): Promise<Product | null> {
      const [row] = await rowsOf<Selectable<ProductRow>>(
        sql`select * from products where product_id = ${productId}`,
      )
      return row ? productOf(row) : null
    },

    /** Null where all of the journal is there. */
    async checkpoint(productId: number): Promise<Checkpoint | null> {
      const [row] = await rowsOf<CheckpointRow>(
        sql`select * from checkpoints where product_id = ${productId}`,
      )
      return row ? checkpointOf(row) : null
    },

    /** Of rows, journals and checkpoints: one may be there without the others. */
    async productIdsAfter(productId: number, limit: number): Promise<readonly number[]> {
      const rows = await rowsOf<{ product_id: number }>(sql`
        (select product_id from products where product_id > ${productId} order by product_id limit ${limit})
        union
        (select distinct product_id from journal where product_id > ${productId} order by product_id limit ${limit})
        union
        (select product_id from checkpoints where product_id > ${productId} order by product_id limit ${limit})
        order by product_id limit ${limit}`)
      return rows.map((row) => row.product_id)
    },

    async countEntries(productId: number, { afterSeq }: { afterSeq: number }): Promise<number> {
      const [row] = await rowsOf<{ n: number }>(
        sql`select count(*) as n from journal where product_id = ${productId} and seq > ${afterSeq}`,
      )
      return row?.n ?? 0
    },

    entries(
      productId: number,
      { afterSeq, limit }: { afterSeq: number; limit: number },
    ): Promise<readonly JournalRow[]> {
      return rowsOf<JournalRow>(sql`
        select * from journal where product_id = ${productId} and seq > ${afterSeq}
        order by seq limit ${limit}`)
    },

    async outcomes(commandIds: readonly string[]): Promise<ReadonlyMap<string, StoredOutcome>> {
      if (commandIds.length === 0) return new Map()
      const rows = await rowsOf<OutcomeRow>(
        sql`select * from outcomes where command_id in (${sql.join(commandIds)})`,
      )
      return new Map(
        rows.map(({ command_id, body, fingerprint }) => [
          command_id,
          { outcome: JSON.parse(body) as Outcome, fingerprint: fingerprint && hex(fingerprint) },
        ]),
      )
    },
  }
}
