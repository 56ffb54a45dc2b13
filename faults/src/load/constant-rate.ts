/** Holds at a constant rate, whether the ones before were answered or not: a lane that stands still for a second shows a second. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from '../stage/stage.ts'
import type { Load } from './load.ts'

export type Rate = {
  readonly name: string
  readonly perSecond: number
  readonly seconds: number
  /** In turn. */
  readonly products: readonly number[]
}

let runs = 0

/** How long each took from the moment when it was due, in milliseconds. */
export async function holdAtRate(
  stage: Stage,
  load: Load,
  { name, perSecond, seconds, products }: Rate,
): Promise<readonly number[]> {
  const run = `${name}-${++runs}`
  const startMs = performance.now()
  const dueMsOf = (nth: number) => startMs + (nth * 1_000) / perSecond
  async function hold(nth: number): Promise<number> {
    await sleep(Math.max(0, dueMsOf(nth) - performance.now()))
    const product = products[nth % products.length] ?? 0
    await load.recorder.send(
      stage.apiUrl(),
      { op: 'hold', process: `${run}-${nth}`, product, key: `${run}-${nth}` },
      { path: '/api/holds', body: { product_id: product, qty: 1 } },
    )
    return performance.now() - dueMsOf(nth)
  }
  return Promise.all(Array.from({ length: perSecond * seconds }, (_, nth) => hold(nth)))
}

/** Of at least one value. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
}
