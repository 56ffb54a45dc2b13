/** A steady crowd for a long while, and nothing broken: what is open and what is kept must not grow. */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeShortFolder } from '../../../scripts/places.mjs'
import type { Row } from '../row.ts'
import { measure } from './measure.ts'
import { PROBE_VARIABLE } from './probe.ts'
import { sample, seriesOf } from './samples.ts'

const MINUTE_MS = 60_000
/** Until caches are full, code is compiled, and what lives longest has come and gone; a third of the time at most. */
const WARM_UP_MS_MAX = 90_000
const SAMPLES = 100
const SAMPLE_EACH_MS_MIN = 1_000
/** Nothing that is kept for a while outlives the warm-up. */
const KEPT_S = 10

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
      const lastsMs = totalMs - warmUpMs
      const eachMs = Math.max(SAMPLE_EACH_MS_MIN, lastsMs / SAMPLES)
      const samples = await sample(() => measure(scene.stage, folder), { lastsMs, eachMs })
      rmSync(folder, { recursive: true, force: true })
      seriesOf(samples).forEach(scene.measured)
    },
  }
}
