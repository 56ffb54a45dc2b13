/** What operators do with products: make, change, pause, restock. All but the making goes down the product's lane. */
import type { AdjustStock, ChangeProduct, Product } from '@flashlane/core'
import type { NewProduct } from '@flashlane/db'
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
import { type Action, makeForOperators, type OperatorDeps } from '../operators.ts'
import { readProductId } from '../path-id.ts'
import { newProductBody, newProductIn, productChangesBody, termsIn } from '../product-body.ts'
import { Fault, invalid } from '../problem.ts'
import { requestIdOf, respond } from '../respond.ts'
import { productView } from '../views.ts'
import { readWait } from '../wait.ts'

export type AdminProductDeps = OperatorDeps & {
  readonly execute: Execute
  readonly makeHead: MakeHead
  readonly catalogue: Pick<Catalogue, 'has' | 'add'>
  createProduct(fields: NewProduct, requestId: string): Promise<Product>
  /** Tells the workers that there is a lane to open. */
  announce(productId: number): void
  readonly waitS: number
}

export function addAdminProductRoutes(app: App, deps: AdminProductDeps): void {
  async function create(c: Context, action: Action): Promise<Response> {
    const fields = newProductIn(await readJson(c, newProductBody))
    const { saleStartsAtMs, saleEndsAtMs } = fields
    if (saleStartsAtMs !== null && saleEndsAtMs !== null && saleStartsAtMs >= saleEndsAtMs) {
      throw invalid([{ field: 'sale_ends_at', message: 'must be after sale_starts_at' }])
    }
    const requestId = requestIdOf(c)
    await action.begin(null)
    const product = await deps.createProduct(fields, requestId)
    action.learn({ target: String(product.productId) })
    deps.catalogue.add(product.productId)
    deps.announce(product.productId)
    deps.log.info({ requestId, productId: product.productId }, 'product created')
    return respond(c, 201, productView(product, product.appliedAtMs), {
      location: `/api/products/${product.productId}`,
    })
  }

  async function change(c: Context, action: Action): Promise<Response> {
    const productId = await readKnownProductId(c)
    const { idempotency_key: key, ...terms } = await readJson(c, productChangesBody)
    return send(c, action, { productId, key, changes: termsIn(terms) })
  }

  const setPaused = (isPaused: boolean) => async (c: Context, action: Action) => {
    const productId = await readKnownProductId(c)
    const { idempotency_key: key } = await readOptionalJson(c, emptyBody)
    return send(c, action, { productId, key, changes: { isPaused } })
  }

  type Change = {
    readonly productId: number
    readonly key: string | undefined
    readonly changes: ChangeProduct['changes']
  }

  async function send(c: Context, action: Action, { productId, key, changes }: Change) {
    const wait = readWait(c, deps.waitS)
    const headerKey = readKey(c, key)
    await action.begin(String(productId))
    const { head } = deps.makeHead(c, {
      operation: 'ChangeProduct',
      productId,
      customerRef: null,
      key: headerKey,
      fields: [changes],
    })
    action.learn({ commandId: head.commandId })
    const command: ChangeProduct = { type: 'ChangeProduct', ...head, changes }
    return deps.execute(c, command, wait)
  }

  async function adjust(c: Context, action: Action): Promise<Response> {
    const productId = await readKnownProductId(c)
    const { delta, set, idempotency_key } = await readJson(c, stockBody)
    const change =
      delta === undefined ? set !== undefined && { set } : set === undefined && { delta }
    if (!change) throw invalid([{ field: 'delta', message: 'send either delta or set' }])

    const wait = readWait(c, deps.waitS)
    const key = readKey(c, idempotency_key)
    await action.begin(String(productId))
    const { head } = deps.makeHead(c, {
      operation: 'AdjustStock',
      productId,
      customerRef: null,
      key,
      fields: [change],
    })
    action.learn({ commandId: head.commandId })
    const command: AdjustStock = { type: 'AdjustStock', ...head, change }
    return deps.execute(c, command, wait)
  }

  async function readKnownProductId(c: Context): Promise<number> {
    const productId = readProductId(c)
    if (!(await deps.catalogue.has(productId))) throw new Fault('product_not_found')
    return productId
  }

  const forOperators = makeForOperators(deps)
  addRoute(app, createProduct, forOperators(createProduct, create))
  addRoute(app, changeProduct, forOperators(changeProduct, change))
  addRoute(app, adjustStock, forOperators(adjustStock, adjust))
  addRoute(app, pauseProduct, forOperators(pauseProduct, setPaused(true)))
  addRoute(app, resumeProduct, forOperators(resumeProduct, setPaused(false)))
}
