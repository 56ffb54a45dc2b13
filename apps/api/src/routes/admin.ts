/** What operators do, with their token. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { AdjustStock, Product } from '@flashlane/core'
import type { NewProduct } from '@flashlane/db'
import type { Logger } from '@flashlane/log'
import type { Context } from 'hono'
import { readJson } from '../body.ts'
import type { Catalogue } from '../catalogue.ts'
import type { MakeHead } from '../command-head.ts'
import type { Execute } from '../execute.ts'
import { readKey } from '../idempotency.ts'
import { addRoute, type App, type Handler } from '../openapi/add-route.ts'
import { adjustStock, createProduct, stockBody } from '../openapi/admin.ts'
import { readProductId } from '../path-id.ts'
import { newProductBody, newProductIn } from '../product-body.ts'
import { Fault, invalid } from '../problem.ts'
import { requestIdOf, respond } from '../respond.ts'
import { productView } from '../views.ts'
import { readWait } from '../wait.ts'

export type AdminDeps = {
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

export function addAdminRoutes(app: App, deps: AdminDeps): void {
  async function create(c: Context): Promise<Response> {
    const fields = newProductIn(await readJson(c, newProductBody))
    const requestId = requestIdOf(c)
    const product = await deps.createProduct(fields, requestId)
    deps.catalogue.add(product.productId)
    deps.announce(product.productId)
    deps.log.info({ requestId, productId: product.productId }, 'product created')
    return respond(c, 201, productView(product), { location: `/api/products/${product.productId}` })
  }

  async function adjust(c: Context): Promise<Response> {
    const productId = readProductId(c)
    if (!(await deps.catalogue.has(productId))) throw new Fault('product_not_found')
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

  const forOperators = bearer(deps.adminToken)
  addRoute(app, createProduct, forOperators(create))
  addRoute(app, adjustStock, forOperators(adjust))
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** Compares digests, so that neither the token's bytes nor its length tell by the time it takes. */
function bearer(token: string) {
  const expected = digest(token)
  return (handler: Handler): Handler =>
    (c) => {
      const given = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
      if (!timingSafeEqual(digest(given), expected)) {
        throw new Fault('unauthorized', undefined, { headers: { 'www-authenticate': 'Bearer' } })
      }
      return handler(c)
    }
}
