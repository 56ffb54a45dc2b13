/** The rules of a product's stock. */
import type { AdjustStock } from '../command.ts'
import { STOCK_MAX } from '../limits.ts'
import type { Result } from '../outcome.ts'
import type { Product } from '../state.ts'
import { type Draft, moveStock, readProduct } from './draft.ts'
import { type Refusal, refuse } from './refuse.ts'

/** Nothing granted is ever taken back: stock stays at or above what is held and sold. */
export function adjustStock(draft: Draft, { change }: AdjustStock): Result | Refusal {
  const product = readProduct(draft)
  const total = 'set' in change ? change.set : product.stockTotal + change.delta
  const committed = product.held + product.sold
  if (total < committed) return refuse('stock_below_committed', { minimum: committed })
  if (total > STOCK_MAX) return refuse('stock_above_limit', { maximum: STOCK_MAX })

  moveStock(draft, { total: total - product.stockTotal })
  return stockResult(readProduct(draft))
}

const stockResult = ({ stockTotal, held, sold }: Product): Result => ({
  type: 'stock',
  stockTotal,
  held,
  sold,
})
