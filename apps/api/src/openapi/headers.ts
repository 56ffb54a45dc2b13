/** Headers that several operations take or give, by name. */
import { foreignName, WAIT_S_MAX } from '@flashlane/core'
import { z } from 'zod'

const requestId = z
  .string()
  .optional()
  .meta({ description: 'Echoed if it is 1 to 128 visible ASCII characters; else one is made' })

const idempotencyKey = foreignName.optional().meta({
  description:
    'Any string of 1 to 255 bytes of UTF-8. The same request again gets the first one’s answer; another request is 422.',
  example: 'cart-1',
})

const prefer = z
  .string()
  .optional()
  .meta({
    description: `\`wait=N\`: waits N seconds for the outcome (0 to ${WAIT_S_MAX}; more counts as that). \`respond-async\`: does not wait.`,
    example: 'wait=10',
  })

export const requestHeaders = { 'X-Request-Id': requestId }

/** Those of whatever goes down a lane for a client. */
export const commandHeaders = { 'Idempotency-Key': idempotencyKey, Prefer: prefer }

const text = (description: string) => ({ description, schema: { type: 'string' as const } })

export const answerHeaders = {
  'X-Request-Id': text('The request’s id; it is in the logs'),
  Location: text('Where what was made, or the command, can be asked for'),
  'Retry-After': text('When to come again, in seconds'),
  ETag: text('The version, in quotes; for `If-None-Match`'),
  'Cache-Control': text('`no-cache`: to be asked for anew each time'),
  'Idempotency-Replayed': text('`true` where the answer is that of an earlier request'),
  'Preference-Applied': text('The preference of `Prefer` that was followed'),
  RateLimit: text('What is left of a quota, where there is one'),
  'RateLimit-Policy': text('The quotas, where there are any'),
  'WWW-Authenticate': text('`Bearer`'),
}

export type AnswerHeader = keyof typeof answerHeaders

/** Those of a command's outcome. */
export const OUTCOME_HEADERS = [
  'Idempotency-Replayed',
  'Preference-Applied',
] as const satisfies AnswerHeader[]

export const headerRefs = (names: readonly AnswerHeader[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
