/** The routes of the api, and what becomes of whatever no route answers. */
import { isTransient } from '@flashlane/db'
import { type Context, Hono } from 'hono'
import type { Logger } from '@flashlane/log'
import type { Metrics } from './metrics.ts'
import { Fault, respondFault } from './problem.ts'
import { requestIdOf } from './respond.ts'
import { type AdminDeps, adminRoutes } from './routes/admin.ts'
import { type CommandDeps, commandRoutes } from './routes/commands.ts'
import { type HealthDeps, healthRoutes } from './routes/health.ts'
import { type HoldDeps, holdRoutes } from './routes/holds.ts'
import { type OrderDeps, orderRoutes } from './routes/orders.ts'
import { type PaymentDeps, paymentRoutes } from './routes/payments.ts'
import { type ProductDeps, productRoutes } from './routes/products.ts'

export type AppDeps = HoldDeps &
  OrderDeps &
  ProductDeps &
  PaymentDeps &
  CommandDeps &
  AdminDeps &
  HealthDeps & { readonly metrics: Metrics; readonly log: Logger }

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export function createApp(deps: AppDeps): Hono {
  const app = new Hono()
  // No middleware stands before the routes: each would cost every hold of a sale.
  for (const base of ['/api', '/api/v1']) {
    app.route(`${base}/products`, productRoutes(deps))
    app.route(`${base}/holds`, holdRoutes(deps))
    app.route(`${base}/orders`, orderRoutes(deps))
    app.route(`${base}/payments`, paymentRoutes(deps))
    app.route(`${base}/commands`, commandRoutes(deps))
    app.route(`${base}/admin`, adminRoutes(deps))
  }
  app.route('/', healthRoutes(deps))

  app.notFound((c) => {
    const allowed = METHODS.filter((method) => app.router.match(method, c.req.path)[0].length > 0)
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
    if (error instanceof Fault) return error
    const facts = { err: error, requestId: requestIdOf(c) }
    if (isTransient(error)) {
      deps.log.warn(facts, 'a service does not answer')
      return new Fault('unavailable')
    }
    deps.metrics.faults.inc()
    deps.log.error(facts, 'nothing caught this')
    return new Fault('internal_error', 'the request id leads to the cause in the log')
  }

  return app
}
