/** Somebody who waits for what becomes of a command, and what he is told. */
import type { Command, Outcome } from '@flashlane/core'
import type { InFlight } from './in-flight.ts'
import type { Timer } from './timers.ts'

export type Answer =
  /** Committed in MySQL. */
  | { readonly kind: 'applied'; readonly outcome: Outcome }
  /** In Redis, and not applied within the wait. */
  | { readonly kind: 'queued'; readonly batchId: string }
  /** Not acknowledged by Redis; where it `mayHappen`, it may be in the lane all the same. */
  | { readonly kind: 'unavailable'; readonly mayHappen: boolean }
  /** Not taken: too much waits already. */
  | { readonly kind: 'busy' }

export type Waiter = {
  readonly command: Command
  readonly enteredMs: number
  /** Null once it was told. */
  tell: ((answer: Answer) => void) | null
  timer: Timer | null
  /** Its wait is over: it is told 202 as soon as Redis has the command. */
  isDue: boolean
  /** Null while the command is in the buffer. */
  inFlight: InFlight | null
}
