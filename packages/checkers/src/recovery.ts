/** How long it took until everything went on again. */
import type { History } from './history.ts'

export type Recovery = {
  readonly fault: string
  /** From the healing until lanes were empty and a canary passed; null where that did not come. */
  readonly tookMs: number | null
  readonly budgetMs: number
}

/** From `sinceMs` to the first answer with an outcome to what was sent after it; null where there was none. */
export function recoveryMs(history: History, sinceMs: number): number | null {
  let firstMs = Number.POSITIVE_INFINITY
  for (const { op, kind, t0, t1 } of history) {
    if (op === 'read' || op === 'poll' || kind !== 'ok' || t0 < sinceMs) continue
    firstMs = Math.min(firstMs, t1)
  }
  return firstMs === Number.POSITIVE_INFINITY ? null : firstMs - sinceMs
}
