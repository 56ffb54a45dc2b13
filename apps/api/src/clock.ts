/** The database's clock, read through this process's monotonic one: the offset between them is measured now and then. */
import { CLOCK_ERROR_MS_MAX } from '@flashlane/core'

const MEASURE_EACH_MS = 10_000
const SAMPLES = 3

type ClockDeps = {
  readClockMs(): Promise<number>
  monotonicMs(): number
  onFault(error: unknown): void
}

export type Clock = { nowMs(): number; stop(): void }

/** Resolves when the offset is known. A later measurement that fails, or took too long to be exact, leaves the one before. */
export async function startClock(deps: ClockDeps): Promise<Clock> {
  let offsetMs = await measure(deps)
  const timer = setInterval(() => {
    measure(deps).then((measured) => {
      offsetMs = measured
    }, deps.onFault)
  }, MEASURE_EACH_MS)
  timer.unref()

  return {
    nowMs: () => Math.floor(deps.monotonicMs() + offsetMs),
    stop: () => clearInterval(timer),
  }
}

/** The quickest of a few readings is the most exact: the answer was made somewhere between question and arrival. */
async function measure({ readClockMs, monotonicMs }: ClockDeps): Promise<number> {
  let offsetMs = 0
  let quickestMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < SAMPLES; i++) {
    const askedMs = monotonicMs()
    const databaseMs = await readClockMs()
    const tookMs = monotonicMs() - askedMs
    if (tookMs < quickestMs) {
      quickestMs = tookMs
      offsetMs = databaseMs - askedMs - tookMs / 2
    }
  }
  if (quickestMs / 2 > CLOCK_ERROR_MS_MAX / 2) {
    throw new Error(`the database took ${Math.round(quickestMs)} ms to tell its time`)
  }
  return offsetMs
}
