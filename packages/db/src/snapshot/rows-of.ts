/** What the parts of a snapshot read with. */
import { type RawBuilder, sql } from 'kysely'

export type RowsOf = <Row>(query: RawBuilder<unknown>) => Promise<Row[]>

/** Ids that begin like this are those of one product: `_` is followed by a backquote. */
export const ofProduct = (column: string, kind: string, productId: number) =>
  sql<boolean>`${sql.ref(column)} >= ${`${kind}_${productId}_`} and ${sql.ref(column)} < ${`${kind}_${productId}\``}`
