/** Whether and when a request is sent again. */
import { FlashlaneError, NoAnswerError } from './errors.ts'

export type Retries = {
  /** How often a request is sent again. */
  readonly max: number
  /** What the first pause is at most; each further one may be twice as long. */
  readonly baseMs: number
  readonly capMs: number
  /** A server that asks for more patience than this is not asked again. */
  readonly retryAfterMsMax: number
}

export const RETRIES: Retries = { max: 5, baseMs: 100, capMs: 5_000, retryAfterMsMax: 30_000 }

/** How long to wait before the next attempt; null if there is no sense in one. */
export function pauseMs(
  error: unknown,
  { attempt, retries, random = Math.random }: Attempt,
): number | null {
  if (!isPassing(error) || attempt >= retries.max) return null
  const askedMs = error.retryAfterMs ?? 0
  if (askedMs > retries.retryAfterMsMax) return null
  // Full jitter, on top of what was asked for: those who were turned away together do not come back together.
  return askedMs + random() * Math.min(retries.capMs, retries.baseMs * 2 ** attempt)
}

type Attempt = {
  /** How often it was sent again already. */
  readonly attempt: number
  readonly retries: Retries
  readonly random?: () => number
}

const PASSING_STATUSES: ReadonlySet<number | null> = new Set([429, 502, 503, 504])

/** A later attempt may fare better: nobody answered, or whoever did said so. */
const isPassing = (error: unknown): error is FlashlaneError | NoAnswerError =>
  error instanceof NoAnswerError
    ? error.status === null || PASSING_STATUSES.has(error.status)
    : error instanceof FlashlaneError && PASSING_STATUSES.has(error.status)
