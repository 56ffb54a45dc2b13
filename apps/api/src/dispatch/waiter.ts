/** Who waits for what becomes of a command, and what he is told. */
import type { Command, Outcome } from '@flashlane/core'
import type { InFlight } from './in-flight.ts'
import type { Lane } from './lane.ts'
import type { Timer, Timers } from './timers.ts'

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
  readonly lane: Lane
  readonly enteredMs: number
  /** Null once it was told. */
  resolve: ((answer: Answer) => void) | null
  timer: Timer | null
  /** Its wait is over: it is told 202 as soon as Redis has the command. */
  isDue: boolean
  /** Null while the command is in the buffer. */
  inFlight: InFlight | null
}

type Opened = { readonly command: Command; readonly lane: Lane; readonly waitMs: number }

export type Waiters = ReturnType<typeof createWaiters>

export function createWaiters(timers: Timers, onDue: (waiter: Waiter) => void) {
  let count = 0

  function tell(waiter: Waiter, answer: Answer): void {
    const { resolve } = waiter
    if (!resolve) return
    waiter.resolve = null
    if (waiter.timer !== null) timers.clear(waiter.timer)
    count--
    resolve(answer)
  }

  return {
    count: (): number => count,

    open({ command, lane, waitMs }: Opened, resolve: (answer: Answer) => void): Waiter {
      const enteredMs = timers.monotonicMs()
      const isDue = waitMs <= 0
      const waiter: Waiter = {
        command,
        lane,
        enteredMs,
        resolve,
        timer: null,
        isDue,
        inFlight: null,
      }
      if (!isDue) {
        waiter.timer = timers.set(() => {
          waiter.isDue = true
          onDue(waiter)
        }, waitMs)
      }
      count++
      return waiter
    },

    tell,

    tellAll(waiters: readonly Waiter[], answer: Answer): void {
      for (const waiter of waiters) tell(waiter, answer)
    },

    /** A 202 says that the command is in Redis: nobody gets it before that is so. */
    tellDue(inFlight: InFlight): void {
      const { state, batch, waiters } = inFlight
      if (state !== 'out') return
      for (const waiter of waiters) {
        if (waiter.isDue) tell(waiter, { kind: 'queued', batchId: batch.batchId })
      }
      if (waiters.some(({ resolve }) => resolve !== null)) return
      inFlight.waiters = []
      batch.fold()
    },
  }
}
