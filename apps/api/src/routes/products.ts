/** Products, as buyers see them. */
import type { Product } from '@flashlane/core'
import type { Context } from 'hono'
import { parse } from '../body.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { listProducts, listQuery, showProduct } from '../openapi/products.ts'
import { readProductId } from '../path-id.ts'
import { Fault } from '../problem.ts'
import { respond, respondText } from '../respond.ts'
import { productView } from '../views.ts'

export type ProductDeps = {
  readProduct(productId: number): Promise<Product | null>
  listProducts(page: {
    offset: number
    limit: number
  }): Promise<{ items: readonly Product[]; total: number }>
}

export function addProductRoutes(app: App, deps: ProductDeps): void {
  const { readProduct, listProducts: readPage } = deps

  async function list(c: Context): Promise<Response> {
    const { page, per_page: limit } = parse(listQuery, c.req.query())
    const { items, total } = await readPage({ offset: (page - 1) * limit, limit })
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

  addRoute(app, listProducts, list)
  addRoute(app, showProduct, show)
}
