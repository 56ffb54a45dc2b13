/** What everything in a simulation stands in: time, chance, the record of it, and which rules are broken on purpose. */
import { START_MS } from '@flashlane/core/builders.ts'
import type { Mutation } from './mutations.ts'
import { createRandom, type Random } from './random.ts'
import { createSchedule, type Schedule } from './schedule.ts'
import { createTrace, type Trace } from './trace.ts'

export type World = {
  readonly schedule: Schedule
  readonly random: Random
  readonly trace: Trace
  readonly mutation: Mutation | null
  /** The database's clock. */
  databaseMs(): number
  /** What no run may show: told at once, kept for the end. */
  blame(sentence: string): void
  readonly violations: string[]
  /** Counts a fault. */
  fault(what: string): void
  faults(): number
  /** A new `x` for an id. */
  draw(): string
  sleep(ms: number): Promise<void>
}

const X_LENGTH = 26

export function createWorld({
  seed,
  mutation,
}: {
  seed: number
  mutation: Mutation | null
}): World {
  const schedule = createSchedule()
  const trace = createTrace(schedule.nowMs)
  const violations: string[] = []
  let drawn = 0
  let faults = 0
  return {
    schedule,
    random: createRandom(seed),
    trace,
    mutation,
    databaseMs: () => START_MS + Math.floor(schedule.nowMs()),
    violations,
    blame(sentence) {
      trace.add('CHECK', `VIOLATION ${sentence}`)
      violations.push(sentence)
    },
    fault(what) {
      trace.add('FAULT', what)
      faults++
    },
    faults: () => faults,
    draw: () => String(++drawn).padStart(X_LENGTH, '0'),
    sleep: (ms) =>
      new Promise((resolve) => {
        schedule.after(ms, resolve)
      }),
  }
}
