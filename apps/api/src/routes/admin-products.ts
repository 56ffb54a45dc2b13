/** What operators do with products: make, change, pause, restock. All but the making goes down the product's lane. */
import type { AdjustStock, ChangeProduct, Product } from '@flashlane/core'
import type { NewProduct } from '@flashlane/db'
import type { Logger } from '@flashlane/log'
import type { Context } from 'hono'
import { readJson, readOptionalJson } from '../body.ts'
import type { Catalogue } from '../catalogue.ts'
import type { MakeHead } from '../command-head.ts'
import type { Execute } from '../execute.ts'
import { emptyBody } from '../fields.ts'
import { readKey } from '../idempotency.ts'
import { addRoute, type App } from '../openapi/add-route.ts'
import {
  adjustStock,
  changeProduct,
  createProduct,
  pauseProduct,
  resumeProduct,
  stockBody,
} from '../openapi/admin-products.ts'
import { wantToken } from '../operator-token.ts'
import { readProductId } from '../path-id.ts'
import { newProductBody, newProductIn, productChangesBody, termsIn } from '../product-body.ts'
import { Fault, invalid } from '../problem.ts'
import { requestIdOf, respond } from '../respond.ts'
import { productView } from '../views.ts'
import { readWait } from '../wait.ts'

export type AdminProductDeps = {
  readonly adminToken: string
  readonly execute: Execute
  readonly makeHead: MakeHead
  readonly catalogue: Pick<Catalogue, 'has' | 'add'>
  createProduct(fields: NewProduct, requestId: string): Promise<Product>
  /** Tells the workers that there is a lane to open. */
  announce(productId: number): void
  readonly log: Logger
  readonly waitS: number
}

export function addAdminProductRoutes(app: App, deps: AdminProductDeps): void {
  async function create(c: Context): Promise<Response> {
    const fields = newProductIn(await readJson(c, newProductBody))
    const { saleStartsAtMs, saleEndsAtMs } = fields
    if (saleStartsAtMs !== null && saleEndsAtMs !== null && saleStartsAtMs >= saleEndsAtMs) {
      throw invalid([{ field: 'sale_ends_at', message: 'must be after sale_starts_at' }])
    }
    const requestId = requestIdOf(c)
    const product = await deps.createProduct(fields, requestId)
    deps.catalogue.add(product.productId)
    deps.announce(product.productId)
    deps.log.info({ requestId, productId: product.productId }, 'product created')
    return respond(c, 201, productView(product, product.appliedAtMs), {
      location: `/api/products/${product.productId}`,
    })
  }

  async function change(c: Context): Promise<Response> {
    const productId = await readKnownProductId(c)
    const { idempotency_key: key, ...terms } = await readJson(c, productChangesBody)
    return send(c, productId, { key, changes: termsIn(terms) })
  }

  const setPaused = (isPaused: boolean) => async (c: Context) => {
    const productId = await readKnownProductId(c)
    const { idempotency_key: key } = await readOptionalJson(c, emptyBody)
    return send(c, productId, { key, changes: { isPaused } })
  }

  type Change = { key: string | undefined; changes: ChangeProduct['changes'] }

  function send(c: Context, productId: number, { key, changes }: Change) {
    const { x: _, ...head } = deps.makeHead(c, {
      operation: 'ChangeProduct',
      productId,
      customerRef: null,
      key: readKey(c, key),
      fields: [changes],
    })
    const command: ChangeProduct = { type: 'ChangeProduct', ...head, changes }
    return deps.execute(c, command, readWait(c, deps.waitS))
  }

  async function adjust(c: Context): Promise<Response> {
    const productId = await readKnownProductId(c)
    const { delta, set, idempotency_key } = await readJson(c, stockBody)
    const change =
      delta === undefined ? set !== undefined && { set } : set === undefined && { delta }
    if (!change) throw invalid([{ field: 'delta', message: 'send either delta or set' }])

    const { x: _, ...head } = deps.makeHead(c, {
      operation: 'AdjustStock',
      productId,
      customerRef: null,
      key: readKey(c, idempotency_key),
      fields: [change],
    })
    const command: AdjustStock = { type: 'AdjustStock', ...head, change }
    return deps.execute(c, command, readWait(c, deps.waitS))
  }

  async function readKnownProductId(c: Context): Promise<number> {
    const productId = readProductId(c)
    if (!(await deps.catalogue.has(productId))) throw new Fault('product_not_found')
    return productId
  }

  const forOperators = wantToken(deps.adminToken)
  addRoute(app, createProduct, forOperators(create))
  addRoute(app, changeProduct, forOperators(change))
  addRoute(app, adjustStock, forOperators(adjust))
  addRoute(app, pauseProduct, forOperators(setPaused(true)))
  addRoute(app, resumeProduct, forOperators(setPaused(false)))
}
