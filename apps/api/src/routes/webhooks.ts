/** Webhooks that are always signed: Stripe's, and Standard Webhooks. Nothing of an unsigned one is read, let alone kept. */
import { WEBHOOK_BODY_BYTES_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import { readExactText } from '../body.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { tellStandard, tellStripe } from '../openapi/payments.ts'
import { type HearDeps, makeHear } from '../webhooks/hear.ts'
import { parseStandard } from '../webhooks/standard.ts'
import type { VerifyStandard } from '../webhooks/standard-signature.ts'
import { parseStripe } from '../webhooks/stripe.ts'
import type { VerifyStripe } from '../webhooks/stripe-signature.ts'

export type WebhookDeps = HearDeps & {
  readonly verifyStandard: VerifyStandard
  readonly verifyStripe: VerifyStripe
}

export function addWebhookRoutes(app: App, deps: WebhookDeps): void {
  const hear = makeHear(deps)

  async function stripe(c: Context): Promise<Response> {
    const payload = await readExactText(c, WEBHOOK_BODY_BYTES_MAX)
    return hear(c, parseStripe(deps.verifyStripe(c, payload), payload))
  }

  async function standard(c: Context): Promise<Response> {
    const payload = await readExactText(c, WEBHOOK_BODY_BYTES_MAX)
    return hear(c, parseStandard(payload, deps.verifyStandard(c, payload)))
  }

  addRoute(app, tellStripe, stripe)
  addRoute(app, tellStandard, standard)
}
