/** Products, as buyers see them. */
import type { Product } from '@flashlane/core'
import type { Context } from 'hono'
import { parse } from '../body.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { followProduct, listProducts, listQuery, showProduct } from '../openapi/products.ts'
import { etagOf, withoutEnvelope } from '../envelope.ts'
import { headerOf } from '../incoming.ts'
import type { Live } from '../live/live.ts'
import { readProductId } from '../path-id.ts'
import { Fault } from '../problem.ts'
import { respond, respondText } from '../respond.ts'
import { publicProductView, saleState } from '../views.ts'

export type ProductDeps = {
  nowMs(): number
  /** More than that is shown as that. */
  readonly stockShownMax?: number | undefined
  readonly live: Pick<Live, 'productEvents'>
  readProduct(productId: number): Promise<Product | null>
  listProducts(page: {
    offset: number
    limit: number
    search?: string
    isAvailableOnly?: boolean
  }): Promise<{ items: readonly Product[]; total: number }>
}

export function addProductRoutes(app: App, deps: ProductDeps): void {
  const { readProduct, listProducts: readPage, stockShownMax } = deps

  async function list(c: Context): Promise<Response> {
    const query = parse(listQuery, withoutEnvelope(c.req.query()))
    const { page, per_page: limit, search, available_only: isAvailableOnly = false } = query
    const { items, total } = await readPage({
      offset: (page - 1) * limit,
      limit,
      isAvailableOnly,
      ...(search === undefined ? {} : { search }),
    })
    const nowMs = deps.nowMs()
    const views = items.map((product) => publicProductView(product, { nowMs, stockShownMax }))
    return respond(c, 200, { items: views, total, page, per_page: limit })
  }

  async function show(c: Context): Promise<Response> {
    const product = await readProduct(readProductId(c))
    if (!product) throw new Fault('product_not_found')

    // Asked for anew each time, and sent anew only when it changed.
    const nowMs = deps.nowMs()
    const etag = etagOf(c, `${product.version}-${saleState(product, nowMs)}`)
    const headers = { etag, 'cache-control': 'no-cache' }
    const isKnown = headerOf(c, 'if-none-match') === headers.etag
    return isKnown
      ? respondText(c, 304, null, headers)
      : respond(c, 200, publicProductView(product, { nowMs, stockShownMax }), headers)
  }

  addRoute(app, listProducts, list)
  addRoute(app, showProduct, show)
  addRoute(app, followProduct, (c) => deps.live.productEvents(c))
}
