/** A peer's answers: the same body and headers as Flashlane's. */
import { SECURITY_HEADERS } from '@flashlane/api/security-headers.ts'
import { randomBytes } from 'node:crypto'

export type Held = {
  readonly holdId: string
  readonly productId: number
  readonly quantity: number
  readonly unitPrice: number
  readonly currency: string
  readonly expiresAtMs: number
  readonly ttlS: number
  readonly version: number
}

export type Placed =
  | { readonly kind: 'held'; readonly hold: Held }
  | { readonly kind: 'insufficient_stock'; readonly available: number }

const PREFIX = randomBytes(6).toString('hex')
let made = 0

export function answerJson(
  status: number,
  body: object,
  headers: Record<string, string> = {},
): Response {
  made++
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...SECURITY_HEADERS,
      'content-type': 'application/json',
      ...headers,
      'x-request-id': `${PREFIX}-${made.toString(36)}`,
    },
  })
}

export function answerPlaced(placed: Placed): Response {
  if (placed.kind === 'held') return answerHeld(placed.hold)
  const detail = 'There is not enough stock'
  return problem(409, 'insufficient_stock', { detail, available: placed.available })
}

export const problem = (status: number, code: string, more: object = {}): Response =>
  answerJson(
    status,
    { type: 'about:blank', title: code, status, code, ...more },
    { 'content-type': 'application/problem+json' },
  )

const answerHeld = (hold: Held): Response =>
  answerJson(
    201,
    {
      hold_id: hold.holdId,
      product_id: hold.productId,
      qty: hold.quantity,
      requested_qty: hold.quantity,
      unit_price: hold.unitPrice,
      currency: hold.currency,
      status: 'active',
      expires_at: new Date(hold.expiresAtMs).toISOString(),
      expires_in_seconds: hold.ttlS,
      version: hold.version,
    },
    { location: `/api/holds/${hold.holdId}` },
  )
