/** What a call can end with besides its answer. */
import type { Problem } from './schemas.ts'

/** What is known of the request beside what was said to it. */
export type About = {
  /** `X-Request-Id`, which is in the server's logs. */
  readonly requestId?: string | null
  readonly retryAfterMs?: number | null
  /** Repeated with this key, it is the same request. */
  readonly idempotencyKey?: string | null
}

class ProblemError extends Error {
  override readonly name = 'FlashlaneError'
  readonly requestId: string | null
  readonly retryAfterMs: number | null
  readonly idempotencyKey: string | null
  constructor(problem: Problem, about: About = {}) {
    super(`${problem.code}: ${problem.detail}`)
    Object.assign(this, problem)
    this.requestId = about.requestId ?? null
    this.retryAfterMs = about.retryAfterMs ?? null
    this.idempotencyKey = about.idempotencyKey ?? null
  }
}

/** Flashlane said no. `code` tells why, and narrows the error to what else that `code` tells. */
export type FlashlaneError = ProblemError & Problem
export const FlashlaneError = ProblemError as unknown as new (
  problem: Problem,
  about?: About,
) => FlashlaneError

/** Nobody knows what became of the request: the connection was lost, or what answered was not Flashlane. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  /** What something in between answered. */
  readonly status: number | null
  readonly retryAfterMs: number | null
  readonly idempotencyKey: string | null
  constructor(
    detail: string,
    { status, cause, ...about }: About & { status?: number; cause?: unknown },
  ) {
    super(detail, { cause })
    this.status = status ?? null
    this.retryAfterMs = about.retryAfterMs ?? null
    this.idempotencyKey = about.idempotencyKey ?? null
  }
}

/** What fetch threw, unless it is the answer already. */
export function toAnswerError(cause: unknown, what: string, about: About = {}): Error {
  if (cause instanceof FlashlaneError || cause instanceof NoAnswerError) return cause
  return new NoAnswerError(`${what} was not answered: ${messageOf(cause)}`, { ...about, cause })
}

const messageOf = (reason: unknown): string =>
  reason instanceof Error ? causesOf(reason).join(': ') : String(reason)

/** What fetch throws says little; its cause says what happened. */
const causesOf = ({ message, cause }: Error): string[] =>
  cause instanceof Error ? [message, ...causesOf(cause)] : [message]

/** A command was taken, and is not applied yet; it will be. */
export class StillQueuedError extends Error {
  override readonly name = 'StillQueuedError'
  readonly commandId: string
  constructor(commandId: string) {
    super(`the command ${commandId} is still queued`)
    this.commandId = commandId
  }
}
