/** What others are spared: with a crowd beside them they wait no longer than so many times what they waited without it. */
import type { Scene } from '../row.ts'
import { percentile } from './constant-rate.ts'

const SLOWER_MAX = 3
/** Quicker than this, a time says more of the machine than of whoever is beside. */
const P99_MS_MIN = 20

type Times = readonly number[]

export function demandNotSlower(
  { patience, demand, say }: Scene,
  beside: string,
  { beforeMs, besideMs }: { readonly beforeMs: Times; readonly besideMs: Times },
): void {
  const before = percentile(beforeMs, 0.99)
  const tookMs = percentile(besideMs, 0.99)
  const limitMs = SLOWER_MAX * patience * Math.max(P99_MS_MIN, before)
  const p99 = `p99 beside ${beside} is ${Math.round(tookMs)} ms, and was ${Math.round(before)} ms`
  say(p99)
  demand(tookMs <= limitMs, `${p99}; it may be ${Math.round(limitMs)} ms`)
}
