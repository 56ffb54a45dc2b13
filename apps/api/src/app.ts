/** The routes of the api, and what becomes of whatever no route answers. */
import { isTransient } from '@flashlane/db'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { BlankEnv } from 'hono/types'
import type { Logger } from '@flashlane/log'
import type { Live } from './live/live.ts'
import type { Metrics } from './metrics.ts'
import type { App } from './openapi/add-route.ts'
import { addComponents } from './openapi/document.ts'
import { Fault, respondFault } from './problem.ts'
import { requestIdOf } from './respond.ts'
import { addAdminActionRoutes, type AdminActionDeps } from './routes/admin-actions.ts'
import { addAdminProductRoutes, type AdminProductDeps } from './routes/admin-products.ts'
import { addAdminWorkRoutes, type AdminWorkDeps } from './routes/admin-work.ts'
import { addAuditRoutes, type AuditDeps } from './routes/audit.ts'
import { addCommandRoutes, type CommandDeps } from './routes/commands.ts'
import { addHealthRoutes, type HealthDeps } from './routes/health.ts'
import { addHoldRoutes, type HoldDeps } from './routes/holds.ts'
import { addOrderRoutes, type OrderDeps } from './routes/orders.ts'
import { addPaymentRoutes, type PaymentDeps } from './routes/payments.ts'
import { addProductRoutes, type ProductDeps } from './routes/products.ts'
import { addReferenceRoutes } from './routes/reference.ts'
import { addWebhookRoutes, type WebhookDeps } from './routes/webhooks.ts'

export type AppDeps = HoldDeps &
  OrderDeps &
  ProductDeps &
  PaymentDeps &
  WebhookDeps &
  CommandDeps &
  AdminProductDeps &
  AdminWorkDeps &
  AdminActionDeps &
  AuditDeps &
  HealthDeps & { readonly live: Live; readonly metrics: Metrics; readonly log: Logger }

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export function createApp(deps: AppDeps): App {
  const app = new OpenAPIHono<BlankEnv>()
  // No middleware stands before the routes: each would cost every hold of a sale.
  addProductRoutes(app, deps)
  addHoldRoutes(app, deps)
  addOrderRoutes(app, deps)
  addPaymentRoutes(app, deps)
  addWebhookRoutes(app, deps)
  addCommandRoutes(app, deps)
  addAdminProductRoutes(app, deps)
  addAdminWorkRoutes(app, deps)
  addAuditRoutes(app, deps)
  addAdminActionRoutes(app, deps)
  addHealthRoutes(app, deps)
  addReferenceRoutes(app)
  addComponents(app)

  app.notFound((c) => {
    const allowed = METHODS.filter(
      (method) => method !== c.req.method && app.router.match(method, c.req.path)[0].length > 0,
    )
    const fault =
      allowed.length === 0
        ? new Fault('not_found')
        : new Fault('method_not_allowed', `it takes ${allowed.join(', ')}`, {
            headers: { allow: allowed.join(', ') },
          })
    return respondFault(c, fault)
  })

  app.onError((error, c) => respondFault(c, toFault(error, c)))

  function toFault(error: Error, c: Context): Fault {
    if (error instanceof Fault) {
      if (error.code === 'signature_invalid') noteBadSignature(error, c)
      return error
    }
    const facts = { err: error, requestId: requestIdOf(c) }
    if (isTransient(error)) {
      deps.log.warn(facts, 'a service does not answer')
      return new Fault('unavailable')
    }
    deps.metrics.faults.inc()
    deps.log.error(facts, 'nothing caught this')
    return new Fault('internal_error', 'the request id leads to the cause in the log')
  }

  function noteBadSignature({ message: reason }: Fault, c: Context): void {
    deps.metrics.badSignatures.inc()
    deps.log.info({ requestId: requestIdOf(c), reason }, 'webhook refused')
  }

  return app
}
