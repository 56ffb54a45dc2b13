/** The operators' token: what is for them is answered to nobody else. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Handler } from './openapi/add-route.ts'
import { Fault } from './problem.ts'

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** Compares digests, so that neither the token's bytes nor its length tell by the time it takes. */
export function wantToken(token: string) {
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
