/** Every problem as a schema of its own, by its code: what it tells besides what all problems tell. */
import { QUANTITY_MAX, STOCK_MAX } from '@flashlane/core'
import { z } from 'zod'
import { type RefusalCode, REFUSALS } from '../answer.ts'
import { SCOPES } from '../operator-token.ts'
import { FAULTS, type FaultCode } from '../problem.ts'
import { ids, instant, version } from './values.ts'

export type ProblemCode = FaultCode | RefusalCode

/** An outcome is remembered, and has the id of its command. */
const decided = { version, command_id: ids.command }
const perhapsDecided = z.object(decided).partial().shape
const count = z.int().nonnegative()

const MEMBERS: Readonly<Record<ProblemCode, z.ZodRawShape>> = {
  malformed: {},
  unauthorized: {},
  forbidden: { scope: z.enum(SCOPES) },
  not_found: {},
  product_not_found: {},
  hold_not_found: { ...perhapsDecided, hold_command_id: ids.command.optional() },
  order_not_found: perhapsDecided,
  dead_letter_not_found: {},
  command_unknown: {},
  method_not_allowed: {},
  already_replayed: {},
  not_replayable: {},
  journal_too_long: { entries: count, maximum: count },
  rate_limited: { policy: z.enum(['client', 'customer']) },
  body_too_large: {},
  signature_invalid: {},
  unsupported_media_type: {},
  validation: {
    ...perhapsDecided,
    errors: z.array(z.object({ field: z.string(), message: z.string() })).min(1),
  },
  idempotency_key_reused: {},
  internal_error: perhapsDecided,
  busy: {},
  unavailable: { command_id: ids.command.optional() },
  // Turned away at the door, just after the lane said so to another, it has no command.
  insufficient_stock: {
    version,
    command_id: ids.command.optional(),
    available: count,
    requested: z.int().min(1).max(QUANTITY_MAX),
  },
  customer_limit: { ...decided, limit: count, used: count },
  product_paused: decided,
  sale_not_started: { ...decided, starts_at: instant },
  sale_ended: { ...decided, ends_at: instant },
  hold_released: decided,
  hold_expired: decided,
  hold_used: { ...decided, order_id: ids.order },
  hold_converted: { ...decided, order_id: ids.order },
  extend_limit: { ...decided, limit: count },
  order_paid: decided,
  payment_ref_used: decided,
  stock_below_committed: { ...decided, minimum: count },
  stock_above_limit: { ...decided, maximum: z.literal(STOCK_MAX) },
  sale_window_empty: { ...decided, starts_at: instant, ends_at: instant },
  refund_not_found: perhapsDecided,
}

/** A code that one operation answers with another status. */
const ELSEWHERE: Readonly<Partial<Record<ProblemCode, number>>> = { hold_expired: 409 }

const kinds: Readonly<Record<ProblemCode, { status: number; title: string }>> = {
  ...REFUSALS,
  ...FAULTS,
}
const codes = Object.keys(MEMBERS) as ProblemCode[]

const statusSchema = (code: ProblemCode) => {
  const usual = z.literal(kinds[code].status)
  const other = ELSEWHERE[code]
  return other === undefined ? usual : z.union([usual, z.literal(other)])
}

const schemaOf = (code: ProblemCode) =>
  z
    .object({
      type: z.literal(`/problems/${code}`),
      title: z.string(),
      status: statusSchema(code),
      detail: z.string(),
      instance: z.string().meta({ description: 'The path that was asked' }),
      code: z.literal(code),
      ...MEMBERS[code],
    })
    .meta({ id: `Problem_${code}`, description: kinds[code].title })

type ProblemSchema = ReturnType<typeof schemaOf>

const schemas = new Map(codes.map((code) => [code, schemaOf(code)]))

export const statusOf = (code: ProblemCode): number => kinds[code].status
export const isRefusal = (code: ProblemCode): boolean => code in REFUSALS
export const titleOf = (code: ProblemCode): string => kinds[code].title

/** Whichever of these problems it is: its code tells. */
export function anyProblem(among: readonly ProblemCode[]): z.ZodType {
  const [first, ...others] = among.flatMap((code) => schemas.get(code) ?? [])
  if (!first) throw new Error('no problem is named')
  return others.length === 0
    ? first
    : z.discriminatedUnion('code', [first, ...others] as [ProblemSchema, ...ProblemSchema[]])
}

/** What a command may have come to: an outcome, not a request that was never one. */
export const outcomeProblem = anyProblem([
  ...(Object.keys(REFUSALS) as RefusalCode[]),
  'internal_error',
])

/** A request body that is not as it should be. */
export const BODY_PROBLEMS = [
  'malformed',
  'unsupported_media_type',
  'body_too_large',
  'validation',
] as const satisfies ProblemCode[]
/** Whatever asks a service. */
export const SERVICE_PROBLEMS = ['internal_error', 'unavailable'] as const satisfies ProblemCode[]
/** Whatever goes down a lane for a client. */
export const COMMAND_PROBLEMS = [
  ...BODY_PROBLEMS,
  ...SERVICE_PROBLEMS,
  'idempotency_key_reused',
  'rate_limited',
  'busy',
] as const satisfies ProblemCode[]
