/** What stands before the routes where a setting asks for it. Without one nothing does: it would cost every hold. */
import { type Context, Hono, type MiddlewareHandler, type Next } from 'hono'
import { clientAddress } from './client-address.ts'
import { allowOrigins, type CorsOrigins } from './cors.ts'
import { Fault, respondFault } from './problem.ts'
import type { CountRequest } from './rate-limit.ts'

export type FrontOptions = {
  readonly corsOrigins?: CorsOrigins | undefined
  readonly countClient?: CountRequest | undefined
  /** How many proxies before this process are believed about whom they heard. */
  readonly trustedHops: number
  readonly board?: Hono | undefined
  readonly traceRequest?: MiddlewareHandler | undefined
}

const MUTATIONS = ['POST', 'PATCH', 'PUT', 'DELETE']
/** What buyers change. Providers and operators are not counted. */
const COUNTED = ['/api', '/api/v1'].flatMap((base) =>
  ['hold', 'holds', 'order', 'orders'].map((of) => `${base}/${of}/*`),
)

export function createFront(app: Hono, options: FrontOptions): Hono {
  const { corsOrigins, countClient, trustedHops, board, traceRequest } = options
  if (!corsOrigins && !countClient && !board && !traceRequest) return app

  const front = new Hono()
  if (traceRequest !== undefined) front.use(traceRequest)
  if (corsOrigins !== undefined) front.use(allowOrigins(corsOrigins))
  if (countClient !== undefined)
    front.on(MUTATIONS, COUNTED, limitClients(countClient, trustedHops))
  if (board !== undefined) front.route('/', board)
  return front.all('*', (c) => app.fetch(c.req.raw, c.env))
}

const limitClients = (countClient: CountRequest, trustedHops: number) =>
  async function limitClient(c: Context, next: Next): Promise<Response | void> {
    try {
      const headers = await countClient(clientAddress(c, trustedHops))
      await next()
      for (const [name, value] of Object.entries(headers)) {
        c.res.headers.append(name, value)
      }
    } catch (error) {
      if (error instanceof Fault) return respondFault(c, error)
      throw error
    }
  }
