/** A steady crowd for a long while, and nothing broken: what is open and what is kept must not grow. */
import type { Point, Series } from '@flashlane/checkers'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeShortFolder } from '../../../scripts/places.mjs'
import type { Row, Scene } from '../row.ts'
import { type Measured, measure } from './measure.ts'
import { PROBE_VARIABLE } from './probe.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Until caches are full, code is compiled, and what lives longest has come and gone; a third of the time at most. */
const WARM_UP_MS_MAX = 90_000
const SAMPLES = 100
const SAMPLE_EACH_MS_MIN = 1_000
/** Nothing that is kept for a while outlives the warm-up. */
const KEPT_S = 10

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

const probe = fileURLToPath(new URL('probe.ts', import.meta.url))

export function soak(minutes: number): Row {
  // A path that a socket may have.
  const folder = makeShortFolder()
  const totalMs = minutes * MINUTE_MS
  const warmUpMs = Math.min(WARM_UP_MS_MAX, totalMs / 3)
  const env = {
    NODE_OPTIONS: `--expose-gc --import ${probe}`,
    [PROBE_VARIABLE]: folder,
    LOG_LEVEL: 'warn',
    HOLD_TTL_S: String(KEPT_S),
    PAYMENT_DUE_S: String(KEPT_S),
  }
  return {
    id: 'soak',
    title: `A steady sale of ${minutes} minutes`,
    fault: 'none: whole purchases, one after the other',
    stage: { env },
    load: { buyers: 6, pauseMsMax: 200, stocks: [1_000_000_000, 1_000_000_000] },
    async run(scene) {
      await sleep(warmUpMs)
      const samples = await sample(scene, folder, totalMs - warmUpMs)
      rmSync(folder, { recursive: true, force: true })
      seriesOf(samples).forEach(scene.measured)
    },
  }
}

type Sample = { readonly atMs: number; readonly measured: Measured }

async function sample(
  { stage }: Scene,
  folder: string,
  lastsMs: number,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  const endMs = performance.now() + lastsMs
  const eachMs = Math.max(SAMPLE_EACH_MS_MIN, lastsMs / SAMPLES)
  while (performance.now() < endMs) {
    samples.push({ atMs: performance.now(), measured: await measure(stage, folder) })
    await sleep(eachMs)
  }
  return samples
}

/** Slack is for the whole run: the longer it was, the less may grow in an hour. */
function seriesOf(samples: readonly Sample[]): readonly Series[] {
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
