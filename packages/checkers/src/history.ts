/** What the clients of a run did and saw: one operation for each attempt, written as a line of JSON when it ended. */
import { z } from 'zod'

/** `read` is of a product, `poll` of a command. The last three are operators'. */
export const operationName = z.enum([
  'hold',
  'extend',
  'release',
  'order',
  'cancel',
  'webhook',
  'read',
  'poll',
  'stock',
  'change',
  'settle',
])

/**
 * ok: answered with what became of it, a refusal too. fail: it had no effect, and never will. info: it may have happened,
 * or happen yet (a time-out, a 202, a lost connection).
 */
export const operationKind = z.enum(['ok', 'fail', 'info'])

const ms = z.number().nonnegative()

export const operation = z.strictObject({
  op: operationName,
  /** Whoever does one thing after the other: a buyer, the provider, an operator. */
  process: z.string().min(1),
  /** Null where the client cannot know: a webhook by reference. */
  product: z.int().positive().nullable(),
  /** Sent as `X-Request-Id`, another one with each attempt: the journal knows a command by it. */
  requestId: z.string().min(1).max(128),
  /** The Idempotency-Key; of a webhook, the event's. */
  key: z.string().nullable(),
  /** Whose webhook it was sent to, by the name in `payment_events`; `generic` where it is not told. */
  provider: z.enum(['generic', 'standard', 'stripe']).optional(),
  /** As it was answered; of a poll, whose outcome was asked for. */
  commandId: z.string().nullable(),
  /** As it was sent. */
  body: z.unknown(),
  /** When it was sent, and when its answer was there or waited for no longer: one machine's monotonic clock. */
  t0: ms,
  t1: ms,
  kind: operationKind,
  /** Null where no answer came. */
  status: z.int().nullable(),
  /** The answer's body. */
  result: z.record(z.string(), z.unknown()).nullable(),
})

export type OperationName = z.infer<typeof operationName>
export type OperationKind = z.infer<typeof operationKind>
export type Operation = Readonly<z.infer<typeof operation>>
export type History = readonly Operation[]

export const formatOperation = (each: Operation): string => JSON.stringify(each)

/** Throws where a line is none of a history's: then nothing can be said. */
export function parseOperation(text: string, number: number): Operation {
  const parsed = operation.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new Error(`line ${number} of the history is no operation\n${z.prettifyError(parsed.error)}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type Answered = {
  readonly op: OperationName
  readonly status: number
  readonly result: Readonly<Record<string, unknown>> | null
}

/** What an answer says about its effect. No answer at all is `info`, a refused connection `fail`. */
export function kindOf({ op, status, result }: Answered): OperationKind {
  if (op === 'read' || op === 'poll') return status === 200 ? 'ok' : 'fail'
  if (op === 'webhook') return status < 300 ? 'ok' : status < 500 ? 'fail' : 'info'
  if (status === 202) return 'info'
  if (status < 300) return 'ok'
  // A refusal and a failure have a command; what was turned away before its lane has none.
  if (status < 500 || result?.['code'] === 'internal_error') {
    return typeof result?.['command_id'] === 'string' ? 'ok' : 'fail'
  }
  return result?.['code'] === 'busy' ? 'fail' : 'info'
}
