/** Virtual time: what is planned happens in the order of its time, one thing after another, and nothing else happens. */

export type Planned = { readonly atMs: number; readonly order: number; run: (() => void) | null }

export type Schedule = {
  nowMs(): number
  after(ms: number, run: () => void): Planned
  cancel(planned: Planned): void
  /** Lets time pass; ends early where `isDone` says so. */
  runUntil(untilMs: number, isDone?: () => boolean): Promise<void>
  steps(): number
}

export function createSchedule(): Schedule {
  const heap: Planned[] = []
  let nowMs = 0
  let drawn = 0
  let steps = 0

  return {
    nowMs: () => nowMs,
    after(ms, run) {
      const planned = { atMs: nowMs + Math.max(0, ms), order: drawn++, run }
      push(heap, planned)
      return planned
    },
    cancel(planned) {
      planned.run = null
    },
    async runUntil(untilMs, isDone) {
      for (let first = heap[0]; first && first.atMs <= untilMs; first = heap[0]) {
        pop(heap)
        if (!first.run) continue
        nowMs = first.atMs
        steps++
        first.run()
        await quiet()
        if (isDone?.()) return
      }
      nowMs = untilMs
    },
    steps: () => steps,
  }
}

/** Node runs what stands for the next tick when no promise has anything left to do. */
const quiet = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve)
  })

const isBefore = (a: Planned, b: Planned): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

function push(heap: Planned[], planned: Planned): void {
  let at = heap.push(planned) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(planned, heap[parent] as Planned)) break
    heap[at] = heap[parent] as Planned
    at = parent
  }
  heap[at] = planned
}

function pop(heap: Planned[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right && isBefore(right, heap[child] as Planned)) child++
    if (!isBefore(heap[child] as Planned, last)) break
    heap[at] = heap[child] as Planned
    at = child
  }
  heap[at] = last
}
