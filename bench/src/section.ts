/** What a scenario hands in. */
import type { Claim } from './claim.ts'
import type { Way } from './contestants/contestant.ts'
import type { Percentiles } from './load/wrk.ts'

export type Memory = {
  readonly process: string
  readonly mb: number
  /** Null where the bar of another claim speaks of it. */
  readonly mbMax: number | null
}

/** A line of a chart: its points, each the median over the rounds. */
export type Throughput = { readonly way: Way; readonly clients: number; readonly perSecond: number }
export type Latency = { readonly way: Way; readonly rate: number; readonly latencyMs: Percentiles }
export type Growth = { readonly ids: string; readonly rows: number; readonly perSecond: number }

export type Section = {
  readonly title: string
  readonly claims: readonly Claim[]
  /** Throughputs of the ceiling, from which the machine's own noise is read. */
  readonly ceiling: readonly number[]
  readonly memory: readonly Memory[]
  /** Wrong answers and books that do not add up. */
  readonly faults: readonly string[]
  readonly notes: readonly string[]
  readonly throughput?: readonly Throughput[]
  readonly latency?: readonly Latency[]
  readonly growth?: readonly Growth[]
}

/** The bar for api and worker, wherever memory is not itself the question. */
export const MEMORY_MB_MAX = 300
