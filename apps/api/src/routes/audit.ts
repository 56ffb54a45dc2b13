/** The audit of a product's books. */
import type { Context } from 'hono'
import type { AuditProduct } from '../audit.ts'
import { parse } from '../body.ts'
import { withoutEnvelope } from '../envelope.ts'
import { addRoute, type App } from '../openapi/add-route.ts'
import { auditProduct, auditQuery } from '../openapi/audit.ts'
import { makeForOperators, type OperatorDeps } from '../operators.ts'
import { respond } from '../respond.ts'
import { auditView } from '../views-for-operators.ts'

export type AuditDeps = OperatorDeps & { readonly auditProduct: AuditProduct }

export function addAuditRoutes(app: App, deps: AuditDeps): void {
  async function show(c: Context): Promise<Response> {
    const { product_id: productId } = parse(auditQuery, withoutEnvelope(c.req.query()))
    return respond(c, 200, auditView(await deps.auditProduct(productId)))
  }

  addRoute(app, auditProduct, makeForOperators(deps)(auditProduct, show))
}
