/** Operators' tokens: whose one is, and how far it goes. A token itself is never kept, only its hash. */
import { hash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** Each may do what the ones before it may. */
export const SCOPES = ['read', 'operate', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export type Operator = { readonly name: string; readonly scope: Scope }
export type OperatorToken = Operator & { readonly digest: Buffer }
export type FindOperator = (authorization: string | undefined) => Operator | null

/** So many are compared with each request of an operator. */
const TOKENS_MAX = 64

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer')

const entry = z
  .string()
  .trim()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}:(read|operate|admin):[0-9a-f]{64}$/,
    'as in anna:operate:<sha256 of the token, in hex>',
  )
  .transform((text): OperatorToken => {
    const [name = '', scope = '', hex = ''] = text.split(':')
    return { name, scope: scope as Scope, digest: Buffer.from(hex, 'hex') }
  })

/** `ADMIN_TOKENS`: entries with commas between. An operator may have two, while one is changed. */
export const hashedTokens = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(entry).max(TOKENS_MAX))

/** `ADMIN_TOKEN` may do everything. */
export const plainToken = (token: string): OperatorToken => ({
  name: 'ADMIN_TOKEN',
  scope: 'admin',
  digest: digestOf(token),
})

/** Compares digests, and always all of them, so that the time it takes tells nothing. */
export const makeFindOperator =
  (tokens: readonly OperatorToken[]): FindOperator =>
  (authorization) => {
    const given = digestOf(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '')
    const matching = tokens.filter(({ digest }) => timingSafeEqual(digest, given))
    return matching[0] ?? null
  }

export const allows = (scope: Scope, needed: Scope): boolean =>
  SCOPES.indexOf(scope) >= SCOPES.indexOf(needed)

/** For pages: browsers ask for a password, which is the token, whatever the name. */
export function tokenAsPassword(authorization: string | undefined): string | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return authorization
  return `Bearer ${Buffer.from(encoded, 'base64').toString().split(':').slice(1).join(':')}`
}
