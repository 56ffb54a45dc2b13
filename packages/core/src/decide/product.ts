/** The rules of a product: what it is, when it is sold, and to whom how much. Its stock is in stock.ts. */
import type { ChangeProduct, CreateProduct } from '../command.ts'
import type { Result } from '../outcome.ts'
import type { Product } from '../state.ts'
import { type Draft, readProduct, writeProduct } from './draft.ts'
import { type Refusal, refuse } from './refuse.ts'

export function createProduct(draft: Draft, command: CreateProduct): Result | Refusal {
  const { type: _type, commandId: _id, acceptedAtMs: _at, requestId: _request, ...fields } = command
  const { fingerprint: _fingerprint, ...told } = fields
  const product: Product = { ...told, held: 0, sold: 0, version: 1, appliedAtMs: draft.nowMs }
  const emptyWindow = refuseEmptyWindow(product)
  if (emptyWindow) return emptyWindow
  writeProduct(draft, product)
  return { type: 'product', product }
}

/** Counts from here on: what was granted before keeps its price and its deadline. */
export function changeProduct(draft: Draft, { changes }: ChangeProduct): Result | Refusal {
  // From JSON, a field that is not there is not undefined either.
  const product = { ...readProduct(draft), ...(changes as Partial<Product>) }
  const emptyWindow = refuseEmptyWindow(product)
  if (emptyWindow) return emptyWindow
  writeProduct(draft, product)
  return { type: 'product', product }
}

function refuseEmptyWindow({ saleStartsAtMs, saleEndsAtMs }: Product): Refusal | null {
  if (saleStartsAtMs === null || saleEndsAtMs === null || saleStartsAtMs < saleEndsAtMs) return null
  return refuse('sale_window_empty', { starts_at_ms: saleStartsAtMs, ends_at_ms: saleEndsAtMs })
}

/** Why nothing new is held just now, if so. The window counts for when the buyer came, however long the queue was. */
export function refuseUnlessOnSale(product: Product, acceptedAtMs: number): Refusal | null {
  const { isPaused, saleStartsAtMs, saleEndsAtMs } = product
  if (isPaused) return refuse('product_paused')
  if (saleStartsAtMs !== null && acceptedAtMs < saleStartsAtMs) {
    return refuse('sale_not_started', { starts_at_ms: saleStartsAtMs })
  }
  if (saleEndsAtMs !== null && acceptedAtMs >= saleEndsAtMs) {
    return refuse('sale_ended', { ends_at_ms: saleEndsAtMs })
  }
  return null
}
