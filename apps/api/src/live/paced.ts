/** Work that is asked for more often than it is worth doing: one run at a time, and some time between two. */
import type { Timer, Timers } from '../dispatch/timers.ts'

type PacedDeps = {
  run(): Promise<void>
  /** From one start to the next; longer where a run takes more than half of it. */
  readonly everyMs: number
  readonly timers: Timers
  onFault(error: unknown): void
}

export type Paced = {
  /** A run begins after this, now or when it is time; all who ask meanwhile share it. */
  request(): void
  stop(): void
}

export function createPaced({ run, everyMs, timers, onFault }: PacedDeps): Paced {
  let isAsked = false
  let isRunning = false
  let isStopped = false
  let nextAtMs = Number.NEGATIVE_INFINITY
  let timer: Timer | null = null

  function kick(): void {
    if (!isAsked || isRunning || isStopped || timer !== null) return
    const waitMs = nextAtMs - timers.monotonicMs()
    if (waitMs <= 0) return void start()
    timer = timers.set(() => {
      timer = null
      kick()
    }, waitMs)
  }

  async function start(): Promise<void> {
    isAsked = false
    isRunning = true
    const startedMs = timers.monotonicMs()
    try {
      await run()
    } catch (error) {
      onFault(error)
    }
    const endedMs = timers.monotonicMs()
    nextAtMs = Math.max(startedMs + everyMs, endedMs + (endedMs - startedMs))
    isRunning = false
    kick()
  }

  return {
    request() {
      isAsked = true
      kick()
    },
    stop() {
      isStopped = true
      if (timer !== null) timers.clear(timer)
    },
  }
}
