/** In-place retries: the lane waits, since a retry through the queue would let later commands overtake. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@flashlane/log'

const PAUSE_MS_MIN = 20
const PAUSE_MS_MAX = 1_000
const ALERT_MS = 10_000

export type UntilDone = <T>(
  work: () => Promise<T>,
  options: { signal: AbortSignal; what: string },
) => Promise<T>

/** Time as retries know it, so that a simulation can be the one who turns the hands. */
export type Time = {
  monotonicMs(): number
  /** About so long, with jitter; rejects where `signal` aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>
}

const realTime: Time = {
  monotonicMs: () => performance.now(),
  pause: (ms, signal) => sleep(ms * (0.5 + Math.random() / 2), undefined, { signal }),
}

type Watching = { readonly onRetry?: (error: unknown) => void; readonly time?: Time }

/** Tries again until it is done or `signal` aborts, which throws. Pauses double up to a second, with jitter. */
export const makeUntilDone =
  (log: Logger, { onRetry = () => {}, time = realTime }: Watching = {}): UntilDone =>
  async (work, { signal, what }) => {
    const startedAtMs = time.monotonicMs()
    let alertedAtMs = startedAtMs
    for (let tries = 0; ; tries++) {
      signal.throwIfAborted()
      try {
        return await work()
      } catch (error) {
        onRetry(error)
        const nowMs = time.monotonicMs()
        if (nowMs - alertedAtMs >= ALERT_MS) {
          alertedAtMs = nowMs
          log.error({ err: error, what, tries, stuckMs: Math.round(nowMs - startedAtMs) }, 'stuck')
        } else if (tries === 0) log.warn({ err: error, what }, 'trying again')
      }
      const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** Math.min(tries, 10), PAUSE_MS_MAX)
      await time.pause(pauseMs, signal)
    }
  }
