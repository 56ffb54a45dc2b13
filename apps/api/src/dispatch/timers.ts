/** Time as the dispatcher knows it, so that a simulation can be the one who turns the hands. */
export type Timer = object

export type Timers = {
  set(run: () => void, ms: number): Timer
  clear(timer: Timer): void
  /** Runs when whatever stands in this turn of the event loop is done: requests that came together share a batch. */
  afterTurn(run: () => void): void
  monotonicMs(): number
}

export const realTimers: Timers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
  afterTurn: (run) => void setImmediate(run),
  monotonicMs: () => performance.now(),
}
