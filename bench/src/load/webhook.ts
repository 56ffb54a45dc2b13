/** How a provider tells of a payment: signed by Standard Webhooks where there is a secret, plain where there is none. */
import { createHmac } from 'node:crypto'

export type Webhook = {
  readonly path: string
  headersFor(id: string, body: string): Readonly<Record<string, string>>
}

export function makeWebhook(secret: string | null): Webhook {
  const path = '/api/payments/webhook'
  if (secret === null) return { path, headersFor: (id) => ({ 'idempotency-key': id }) }
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return {
    path,
    headersFor(id, body) {
      const timestamp = String(Math.floor(Date.now() / 1_000))
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`)
      return {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature.digest('base64')}`,
      }
    },
  }
}
