/** The counters of a batch's products, as statements. */
import type { Product } from '@flashlane/core'
import { CompiledQuery } from 'kysely'
import { updateRows } from './statements.ts'

/** From so many statements on, one join is quicker. */
const STATEMENTS_MAX = 6

/**
 * `known` is what the rows say, which are locked: so what a product changes by is as good as what it becomes, and those that
 * change by the same share a statement. Most of a sale's products sell one unit a batch.
 */
export function saveProducts(
  known: ReadonlyMap<number, Product>,
  products: readonly Product[],
): readonly CompiledQuery[] {
  const alike = Map.groupBy(products, (product) => changeOf(known.get(product.productId), product))
  if (alike.size > STATEMENTS_MAX) return saveEach(products)
  return [...alike].flatMap(([change, own]) => {
    if (change === '') return []
    const ids = own.map(({ productId }) => productId).join(',')
    return [
      CompiledQuery.raw(
        `update products force index (primary) set ${change} where product_id in (${ids})`,
      ),
    ]
  })
}

/** What `set` says; empty where nothing has changed. */
function changeOf(before: Product | undefined, after: Product): string {
  const by = (column: string, was = 0, is = 0) =>
    was === is ? [] : [`${column} = ${column} + ${is - was}`]
  const at =
    before?.appliedAtMs === after.appliedAtMs ? [] : [`applied_at_ms = ${after.appliedAtMs}`]
  return [
    ...by('stock_total', before?.stockTotal, after.stockTotal),
    ...by('held', before?.held, after.held),
    ...by('sold', before?.sold, after.sold),
    ...by('version', before?.version, after.version),
    ...at,
  ].join(', ')
}

const saveEach = (products: readonly Product[]): readonly CompiledQuery[] =>
  updateRows(
    'products',
    [{ column: 'product_id', type: 'number' }],
    products.map((product) => ({
      product_id: product.productId,
      stock_total: product.stockTotal,
      held: product.held,
      sold: product.sold,
      version: product.version,
      applied_at_ms: product.appliedAtMs,
    })),
  )
