/** Whose webhooks are believed, by the secrets that are set. */
import type { Logger } from '@flashlane/log'
import { refuseAll } from './signature.ts'
import { makeVerifyStandard, type VerifyStandard } from './standard-signature.ts'
import { makeVerifyStripe, type VerifyStripe } from './stripe-signature.ts'

type Given = {
  readonly config: {
    readonly WEBHOOK_SECRET: readonly Uint8Array[]
    readonly STRIPE_WEBHOOK_SECRET: readonly string[]
  }
  nowMs(): number
  readonly log: Logger
}

type Verifiers = {
  readonly verifyGeneric: VerifyStandard | null
  readonly verifyStandard: VerifyStandard
  readonly verifyStripe: VerifyStripe
}

export async function makeVerifiers({ config, nowMs, log }: Given): Promise<Verifiers> {
  const { WEBHOOK_SECRET: keys, STRIPE_WEBHOOK_SECRET: stripeSecrets } = config
  const warn = (message: string) => log.warn(message)
  const verifyGeneric = keys.length > 0 ? makeVerifyStandard(keys, nowMs) : null
  if (!verifyGeneric) {
    warn('WEBHOOK_SECRET is not set: whoever reaches /api/payments/webhook is believed')
  }
  return {
    verifyGeneric,
    verifyStandard: verifyGeneric ?? refuseAll('WEBHOOK_SECRET', warn),
    verifyStripe:
      stripeSecrets.length > 0
        ? await makeVerifyStripe(stripeSecrets, nowMs)
        : refuseAll('STRIPE_WEBHOOK_SECRET', warn),
  }
}
