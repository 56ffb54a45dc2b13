/** Signatures as Standard Webhooks make them: over id, time and the body's very bytes. */
import type { Context } from 'hono'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { decodeHeader } from '../idempotency.ts'
import { headerOf } from '../incoming.ts'
import { badSignature, checkTime } from './signature.ts'

/** Throws unless the payload is signed; tells its id. */
export type VerifyStandard = (c: Context, payload: string) => string

export function makeVerifyStandard(
  keys: readonly Uint8Array[],
  nowMs: () => number,
): VerifyStandard {
  const webhooks = keys.map((key) => new Webhook(key, { format: 'raw' }))
  return (c, payload) => {
    const id = headerOf(c, 'webhook-id')
    const timestamp = headerOf(c, 'webhook-timestamp')
    const signature = headerOf(c, 'webhook-signature')
    if (!id || !timestamp || !signature) {
      throw badSignature('webhook-id, webhook-timestamp and webhook-signature are all needed')
    }
    // The library looks at this machine's clock as well, and cannot be given another.
    checkTime(timestamp, nowMs())
    const signed = {
      'webhook-id': decodeHeader(id),
      'webhook-timestamp': timestamp,
      'webhook-signature': signature,
    }
    if (!webhooks.some((webhook) => isSigned(webhook, payload, signed))) {
      throw badSignature('no signature fits this body, id and time')
    }
    return signed['webhook-id']
  }
}

function isSigned(webhook: Webhook, payload: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(payload, headers, { jsonParse: false })
    return true
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false
    throw error
  }
}
