/** Signatures as Stripe makes them: over time and the body's very bytes. */
import type { Context } from 'hono'
import { headerOf } from '../incoming.ts'
import { Fault } from '../problem.ts'
import { badSignature, checkTime, TOLERANCE_S } from './signature.ts'

/** Throws unless the payload is signed; tells the event in it. */
export type VerifyStripe = (c: Context, payload: string) => unknown

/** Stripe's package weighs 20 MB, and a second of a busy start: it is loaded only where it is used. */
export async function makeVerifyStripe(
  secrets: readonly string[],
  nowMs: () => number,
): Promise<VerifyStripe> {
  const { Stripe } = await import('stripe')
  const { webhooks, errors } = Stripe

  return (c, payload) => {
    const header = headerOf(c, 'stripe-signature')
    if (!header) throw badSignature('Stripe-Signature is missing')
    const receivedMs = nowMs()
    // The library looks for old attempts only, not for those from the future.
    checkTime(timeIn(header), receivedMs)
    for (const secret of secrets) {
      try {
        return webhooks.constructEvent(payload, header, secret, TOLERANCE_S, undefined, receivedMs)
      } catch (error) {
        if (error instanceof errors.StripeSignatureVerificationError) continue
        throw new Fault('malformed', error instanceof Error ? error.message : 'no event')
      }
    }
    throw badSignature('no signature fits this body and time')
  }
}

/** Where there are several, the library takes the last. */
const timeIn = (header: string): string | undefined =>
  header
    .split(',')
    .findLast((part) => part.startsWith('t='))
    ?.slice(2)
