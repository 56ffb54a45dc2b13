/** Products, as the api makes and reads them. Once one is made, only its lane changes it. */
import {
  type CreateProduct,
  decideInto,
  emptyState,
  formatId,
  invariant,
  type Product,
} from '@flashlane/core'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from './connect.ts'
import { entryOf } from './journal.ts'
import { type ProductTerms, productOf, termsOf } from './rows.ts'
import type { Schema } from './schema.ts'

export type NewProduct = ProductTerms & Pick<Product, 'stockTotal'>

/** The database's clock, in ms. */
export const readClockMs = ({ db }: Database): Promise<number> => clockOf(db)

async function clockOf(db: Kysely<Schema>): Promise<number> {
  const now = sql<number>`cast(unix_timestamp(now(3)) * 1000 as signed)`
  const { now_ms } = await db.selectNoFrom(now.as('now_ms')).executeTakeFirstOrThrow()
  return now_ms
}

/** Writes the row and the first entry of its journal in one transaction, before anybody knows the id. `x` becomes the command's id and the batch's. */
export function createProduct(
  { db }: Database,
  fields: NewProduct,
  { x, requestId }: { x: string; requestId?: string },
): Promise<Product> {
  return db.transaction().execute(async (trx) => {
    const nowMs = await clockOf(trx)
    const productId = await insertEmpty(trx, fields, nowMs)
    const command: CreateProduct = {
      type: 'CreateProduct',
      commandId: formatId('cmd', productId, x),
      productId,
      acceptedAtMs: nowMs,
      ...(requestId === undefined ? {} : { requestId }),
      ...fields,
    }
    const state = emptyState()
    const decided = decideInto(state, command, nowMs)
    const product = state.products.get(productId)
    invariant(product !== undefined, 'a product was not made', { productId })
    const head = { productId, seq: product.version, batchId: x, appliedAtMs: nowMs }
    const entry = entryOf(head, [{ n: 0, decided }])
    await trx
      .insertInto('journal')
      .values({ ...entry, body: entry.body.json })
      .execute()
    return product
  })
}

async function insertEmpty(
  trx: Transaction<Schema>,
  fields: NewProduct,
  nowMs: number,
): Promise<number> {
  const { insertId } = await trx
    .insertInto('products')
    .values({
      ...termsOf(fields),
      stock_total: fields.stockTotal,
      held: 0,
      sold: 0,
      version: 1,
      applied_at_ms: nowMs,
    })
    .executeTakeFirstOrThrow()
  return Number(insertId)
}

export async function findProduct({ db }: Database, productId: number): Promise<Product | null> {
  const row = await db
    .selectFrom('products')
    .selectAll()
    .where('product_id', '=', productId)
    .executeTakeFirst()
  return row ? productOf(row) : null
}

export async function findProducts(
  { db }: Database,
  productIds: readonly number[],
): Promise<readonly Product[]> {
  if (productIds.length === 0) return []
  const rows = await db
    .selectFrom('products')
    .selectAll()
    .where('product_id', 'in', productIds)
    .execute()
  return rows.map(productOf)
}

type ProductQuery = {
  readonly offset: number
  readonly limit: number
  /** What the name contains, whatever its case and accents. */
  readonly search?: string
  readonly isAvailableOnly?: boolean
}

/** Its wildcards are letters like any other. */
const containing = (text: string): string => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`

export async function listProducts(
  { db }: Database,
  { offset, limit, search, isAvailableOnly = false }: ProductQuery,
): Promise<{ items: readonly Product[]; total: number }> {
  const products = db
    .selectFrom('products')
    .$if(search !== undefined, (query) => query.where('name', 'like', containing(search ?? '')))
    .$if(isAvailableOnly, (query) => query.where(sql<boolean>`held + sold < stock_total`))
  const rows = await products
    .selectAll()
    .orderBy('product_id')
    .limit(limit)
    .offset(offset)
    .execute()
  const { total } = await products
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { items: rows.map(productOf), total }
}

/** Ids of products made after this one, in order. */
export async function productIdsAfter({ db }: Database, productId: number): Promise<number[]> {
  const rows = await db
    .selectFrom('products')
    .select('product_id')
    .where('product_id', '>', productId)
    .orderBy('product_id')
    .execute()
  return rows.map((row) => row.product_id)
}
