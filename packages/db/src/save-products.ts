/** The counters of a batch's products, as statements. */
import { invariant, type Product } from '@flashlane/core'
import { CompiledQuery } from 'kysely'
import { literal } from './literal.ts'
import { updateRows } from './statements.ts'

/** Of more kinds of change, one statement for all of them is quicker. */
const KINDS_MAX = 6

/**
 * `known` is what the rows say, which are locked: so what a product changes by is as good as what it becomes, and those that
 * change by the same share a statement. Most of a sale's products sell one unit a batch.
 */
export function saveProducts(
  known: ReadonlyMap<number, Product>,
  products: readonly Product[],
): readonly CompiledQuery[] {
  const alike = Map.groupBy(products, (product) => {
    const { productId } = product
    const before = known.get(productId)
    invariant(before !== undefined, 'a product is saved that was not read', { productId })
    return changeOf(before, product)
  })
  alike.delete('')
  if (alike.size > KINDS_MAX) return saveEach(products)
  return [...alike].map(([change, own]) => {
    const ids = own.map(({ productId }) => literal(productId)).join(',')
    return CompiledQuery.raw(
      `update products force index (primary) set ${change} where product_id in (${ids})`,
    )
  })
}

/** What `set` says; empty where nothing has changed. */
function changeOf(before: Product, after: Product): string {
  const by = (column: string, was: number, is: number) =>
    was === is ? [] : [`${column} = ${column} + ${literal(is - was)}`]
  const { appliedAtMs } = after
  return [
    ...by('stock_total', before.stockTotal, after.stockTotal),
    ...by('held', before.held, after.held),
    ...by('sold', before.sold, after.sold),
    ...by('version', before.version, after.version),
    ...(before.appliedAtMs === appliedAtMs ? [] : [`applied_at_ms = ${literal(appliedAtMs)}`]),
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
