/** A process of ours: it runs, stands still with all that it holds, or is gone and hears nothing more. */
import type { Planned, Schedule } from './schedule.ts'

export type Process = {
  readonly name: string
  state(): 'running' | 'frozen' | 'dead'
  /** Runs now; when it is thawed; or never. */
  deliver(run: () => void): void
  after(ms: number, run: () => void): Planned
  cancel(planned: Planned): void
  sleep(ms: number): Promise<void>
  freeze(): void
  thaw(): void
  kill(): void
  /** What others see when it is killed: its connections end. Returns how to look no more. */
  onKill(run: () => void): () => void
}

export function createProcess(name: string, schedule: Schedule): Process {
  let state: 'running' | 'frozen' | 'dead' = 'running'
  let kept: (() => void)[] = []
  const ends = new Set<() => void>()

  function deliver(run: () => void): void {
    if (state === 'running') run()
    else if (state === 'frozen') kept.push(run)
  }

  function after(ms: number, run: () => void): Planned {
    // Cancelled, it does not happen even where it was due while the process stood still.
    const planned: Planned = schedule.after(ms, () => deliver(() => planned.run && run()))
    return planned
  }

  return {
    name,
    state: () => state,
    deliver,
    after,
    sleep: (ms) =>
      new Promise((resolve) => {
        after(ms, resolve)
      }),
    cancel: schedule.cancel,
    freeze() {
      if (state === 'running') state = 'frozen'
    },
    thaw() {
      if (state !== 'frozen') return
      state = 'running'
      // One after another, as a process that wakes finds them: each has its turn of the event loop.
      const late = kept
      kept = []
      for (const run of late) schedule.after(0, () => deliver(run))
    },
    kill() {
      if (state === 'dead') return
      state = 'dead'
      kept = []
      for (const end of ends) end()
    },
    onKill(run) {
      ends.add(run)
      return () => void ends.delete(run)
    },
  }
}
