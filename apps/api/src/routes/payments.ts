/** What payment providers tell. They take 404, 410 and 422 for "stop sending": none of these is ever answered. */
import { WEBHOOK_BODY_BYTES_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import { readExactText } from '../body.ts'
import { ALIASES, isSuccessWebhook } from '../compat.ts'
import { decodeHeader } from '../idempotency.ts'
import { headerOf } from '../incoming.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { tellPayment } from '../openapi/payments.ts'
import { parseGeneric } from '../webhooks/generic.ts'
import { type HearDeps, makeHear } from '../webhooks/hear.ts'
import type { VerifyStandard } from '../webhooks/standard-signature.ts'

export type PaymentDeps = HearDeps & {
  /** Null: webhooks need no signature here. */
  readonly verifyGeneric: VerifyStandard | null
}

export function addPaymentRoutes(app: App, deps: PaymentDeps): void {
  const hear = makeHear(deps)

  async function webhook(c: Context): Promise<Response> {
    const payload = await readExactText(c, WEBHOOK_BODY_BYTES_MAX)
    // Of a signed webhook only the signed id is a key: anybody could write another into Idempotency-Key.
    const signedId = deps.verifyGeneric?.(c, payload)
    const news = parseGeneric(payload, signedId ?? keyInHeader(c))
    return hear(c, isSuccessWebhook(c.req.path) ? { ...news, kind: 'succeeded' } : news)
  }

  addRoute(app, tellPayment, webhook, ALIASES.tellPayment)
}

function keyInHeader(c: Context): string | undefined {
  const header = headerOf(c, 'webhook-id') ?? headerOf(c, 'idempotency-key')
  return header === undefined ? undefined : decodeHeader(header)
}
