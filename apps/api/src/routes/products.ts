/** Products, as buyers see them. */
import type { Product } from '@flashlane/core'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { parse } from '../body.ts'
import { readProductId } from '../path-id.ts'
import { Fault } from '../problem.ts'
import { respond, respondText } from '../respond.ts'
import { productView } from '../views.ts'

const PER_PAGE_DEFAULT = 20
const PER_PAGE_MAX = 100
const PAGE_MAX = 1_000_000

const listQuery = z.strictObject({
  page: z.coerce.number().int().min(1).max(PAGE_MAX).default(1),
  per_page: z.coerce.number().int().min(1).max(PER_PAGE_MAX).default(PER_PAGE_DEFAULT),
})

export type ProductDeps = {
  readProduct(productId: number): Promise<Product | null>
  listProducts(page: {
    offset: number
    limit: number
  }): Promise<{ items: readonly Product[]; total: number }>
}

export function productRoutes({ readProduct, listProducts }: ProductDeps): Hono {
  async function list(c: Context): Promise<Response> {
    const { page, per_page: limit } = parse(listQuery, c.req.query())
    const { items, total } = await listProducts({ offset: (page - 1) * limit, limit })
    return respond(c, 200, { items: items.map(productView), total, page, per_page: limit })
  }

  async function show(c: Context): Promise<Response> {
    const product = await readProduct(readProductId(c))
    if (!product) throw new Fault('product_not_found')

    // Asked for anew each time, and sent anew only when it changed.
    const headers = { etag: `"${product.version}"`, 'cache-control': 'no-cache' }
    const isKnown = c.req.header('if-none-match') === headers.etag
    return isKnown
      ? respondText(c, 304, null, headers)
      : respond(c, 200, productView(product), headers)
  }

  return new Hono().get('/', list).get('/:id', show)
}
