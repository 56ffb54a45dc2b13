/** Lets pages of other origins ask, and read what the answer says beside its body. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

const PREFLIGHT_S = 7_200

export type CorsOrigins = '*' | readonly string[]

export const allowOrigins = (origins: CorsOrigins): MiddlewareHandler =>
  cors({
    origin: origins === '*' ? '*' : [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    // None listed: those that the page asks for.
    allowHeaders: [],
    exposeHeaders: [
      'Location',
      'Retry-After',
      'ETag',
      'Idempotency-Replayed',
      'Preference-Applied',
      'RateLimit',
      'RateLimit-Policy',
      'X-Request-Id',
    ],
    maxAge: PREFLIGHT_S,
  })
