/** The secrets that webhooks are signed with: the current one first, and those before it while they are changed. */
import { z } from 'zod'

/** Each costs a forged request one more HMAC. */
const SECRETS_MAX = 4
const KEY_BYTES_MIN = 16

const secretsOf = <Secret extends z.ZodType<unknown, string>>(secret: Secret) =>
  z
    .string()
    .transform((list) => list.split(',').map((each) => each.trim()))
    .pipe(z.array(secret).max(SECRETS_MAX))

/** The key's bytes: `whsec_` and base64, as Standard Webhooks write it, or else the characters themselves. */
export const standardSecrets = secretsOf(
  z.string().transform((secret, context) => {
    const encoded = /^whsec_(.*)$/.exec(secret)?.[1]
    const key = encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64')
    const isWell =
      encoded === undefined ? /^[\x21-\x7e]+$/.test(secret) : z.base64().safeParse(encoded).success
    if (isWell && key.length >= KEY_BYTES_MIN) return key
    context.addIssue({
      code: 'custom',
      message: `whsec_ and the base64 of at least ${KEY_BYTES_MIN} bytes, or at least ${KEY_BYTES_MIN} visible ASCII characters without a comma`,
    })
    return z.NEVER
  }),
)

/** As Stripe shows them; one that begins otherwise is most likely an API key. */
export const stripeSecrets = secretsOf(
  z
    .string()
    .regex(/^whsec_[\x21-\x7e]{10,}$/, 'the signing secret of a webhook endpoint: whsec_...'),
)
