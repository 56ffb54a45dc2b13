/** Measured again and again, and what must not grow meanwhile. */
import type { Point, Series } from '@flashlane/checkers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Measured } from './measure.ts'

const HOUR_MS = 3_600_000

/** What may come and go within a run, by the end of a name: garbage, a pool that grows, a second's expiry jobs. */
const SLACK: readonly (readonly [string, number])[] = [
  ['heap, MB', 5],
  ['memory, MB', 40],
  ['handles', 20],
  ['open files', 20],
  ['event loop p99, ms', 100],
  ['Redis, keys', 200],
  ['Redis, memory, MB', 5],
  ['MySQL, threads', 10],
]

type Sample = { readonly atMs: number; readonly measured: Measured }

type Times = { readonly lastsMs: number; readonly eachMs: number }

export async function sample(
  measure: () => Promise<Measured>,
  { lastsMs, eachMs }: Times,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  const endMs = performance.now() + lastsMs
  while (performance.now() < endMs) {
    samples.push({ atMs: performance.now(), measured: await measure() })
    await sleep(eachMs)
  }
  return samples
}

/** Slack is for the whole run: the longer it was, the less may grow in an hour. */
export function seriesOf(samples: readonly Sample[]): readonly Series[] {
  const hours = ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / HOUR_MS
  const names = Object.keys(samples[0]?.measured ?? {})
  return names.map((name) => {
    const slack = SLACK.find(([end]) => name.endsWith(end))?.[1] ?? 0
    const points = samples.map(({ atMs, measured }): Point => {
      return { atMs, value: measured[name] ?? Number.NaN }
    })
    return { name, points, perHourMax: Math.round(slack / hours) }
  })
}
