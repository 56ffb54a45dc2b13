/** Errors as clients see them: RFC 9457, with a stable `code`. */
import type { Context } from 'hono'
import { envelopeOf, wrapProblem } from './envelope.ts'
import { respondText } from './respond.ts'

/** When a client had better come again. */
export const RETRY_AFTER_S = '1'

/** What the api itself says no with. What a lane says no with stands in answer.ts. */
export const FAULTS = {
  malformed: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'The operator token is missing or wrong' },
  forbidden: { status: 403, title: 'The operator token is not for this' },
  signature_invalid: { status: 401, title: 'The webhook is not signed as it must be' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  product_not_found: { status: 404, title: 'There is no such product' },
  hold_not_found: { status: 404, title: 'There is no such hold' },
  order_not_found: { status: 404, title: 'There is no such order' },
  dead_letter_not_found: { status: 404, title: 'There is no such dead letter' },
  refund_not_found: { status: 404, title: 'There is no such refund' },
  command_unknown: { status: 404, title: 'There is no such command' },
  method_not_allowed: { status: 405, title: 'This address does not take this method' },
  already_replayed: { status: 409, title: 'The dead letter was tried again before' },
  not_replayable: { status: 409, title: 'What the dead letter holds cannot be tried again' },
  journal_too_long: { status: 409, title: 'The journal is too long to be audited here' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  validation: { status: 422, title: 'The request is not valid' },
  idempotency_key_reused: { status: 422, title: 'This key belongs to another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  busy: { status: 503, title: 'Too much is waiting already' },
  unavailable: { status: 503, title: 'A service that this needs does not answer' },
} as const

export type FaultCode = keyof typeof FAULTS
export type FieldError = { readonly field: string; readonly message: string }

type Extras = Readonly<Record<string, unknown>>

/** Thrown where a request ends without a command, and turned into an answer in one place. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly extras: Extras
  readonly headers: Record<string, string>
  constructor(
    code: FaultCode,
    detail?: string,
    { extras = {}, headers = {} }: { extras?: Extras; headers?: Record<string, string> } = {},
  ) {
    super(detail ?? FAULTS[code].title)
    this.code = code
    this.extras = extras
    this.headers = headers
  }
}

export const invalid = (errors: readonly FieldError[]): Fault =>
  new Fault('validation', errors.map(({ field, message }) => `${field}: ${message}`).join('; '), {
    extras: { errors },
  })

export function respondFault(c: Context, { code, message, extras, headers }: Fault): Response {
  const { status, title } = FAULTS[code]
  return respondProblem(c, { status, code, title, detail: message, extras }, headers)
}

export type Problem = {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly extras: Extras
}

export const problemBody = ({ status, code, title, detail, extras }: Problem, path: string) => ({
  type: `/problems/${code}`,
  title,
  status,
  detail,
  instance: path,
  code,
  ...extras,
})

export function respondProblem(
  c: Context,
  problem: Problem,
  headers: Record<string, string> = {},
): Response {
  const envelope = envelopeOf(c)
  const body = envelope ? wrapProblem(envelope, problem) : problemBody(problem, c.req.path)
  return respondText(c, problem.status, JSON.stringify(body), {
    'content-type': envelope?.contentType ?? 'application/problem+json',
    ...(problem.status === 503 ? { 'retry-after': RETRY_AFTER_S } : {}),
    ...headers,
  })
}
