/** Time that passes only when told to, for tests and simulations. */
import type { Timers } from './timers.ts'

type Pending = { readonly run: () => void; readonly atMs: number }

export type ManualTimers = Timers & {
  /** Lets time pass, and everything happen that was due by then. */
  advance(ms: number): Promise<void>
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>
}

const microtasks = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

export function createManualTimers(): ManualTimers {
  const pending = new Set<Pending>()
  let turn: (() => void)[] = []
  let nowMs = 0

  async function settle(): Promise<void> {
    do {
      const due = turn
      turn = []
      for (const run of due) run()
      await microtasks()
    } while (turn.length > 0)
  }

  const next = (): Pending | undefined =>
    [...pending].reduce<Pending | undefined>(
      (first, each) => (first && first.atMs <= each.atMs ? first : each),
      undefined,
    )

  return {
    set(run, ms) {
      const timer = { run, atMs: nowMs + ms }
      pending.add(timer)
      return timer
    },
    clear: (timer) => void pending.delete(timer as Pending),
    afterTurn: (run) => void turn.push(run),
    monotonicMs: () => nowMs,
    settle,
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (let timer = next(); timer && timer.atMs <= untilMs; timer = next()) {
        pending.delete(timer)
        nowMs = Math.max(nowMs, timer.atMs)
        timer.run()
        await settle()
      }
      nowMs = untilMs
    },
  }
}
