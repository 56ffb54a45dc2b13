/** Signs webhooks as providers do, with their own libraries. */
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { Stripe } from 'stripe'

export type Signed = { readonly body: string; readonly headers: Record<string, string> }

type Attempt = {
  readonly secret: string
  /** The attempt's time; now, unless a test says otherwise. */
  readonly atMs?: number
}

export const aStandardSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`
export const aStripeSecret = (): string => `whsec_${randomBytes(16).toString('hex')}`

/** `secret` as the setting has it: whsec_ and base64, or raw characters. */
export function signStandard(
  id: string,
  body: object | string,
  { secret, atMs = Date.now() }: Attempt,
): Signed {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const webhook = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(secret, { format: 'raw' })
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(atMs / 1_000)),
    'webhook-signature': webhook.sign(id, new Date(atMs), payload),
  }
  return { body: payload, headers }
}

export function signStripe(body: object | string, { secret, atMs = Date.now() }: Attempt): Signed {
  const payload = typeof body === 'string' ? body : JSON.stringify(body, null, 2)
  const timestamp = Math.floor(atMs / 1_000)
  const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp })
  return { body: payload, headers: { 'stripe-signature': header } }
}

let events = 0

/** A Stripe event, with the fields that every one has. */
export const aStripeEvent = (type: string, object: object, over: object = {}) => ({
  id: `evt_${++events}_${randomBytes(6).toString('hex')}`,
  object: 'event',
  created: Math.floor(Date.now() / 1_000),
  data: { object },
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type,
  ...over,
})
