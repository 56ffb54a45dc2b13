/** Closed-loop load from outside: each of wrk's connections sends its next request when it has its answer. */
import { fileURLToPath } from 'node:url'
import { launch, outputOf } from '../children.ts'

export type Load = {
  readonly url: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly clients: number
  readonly seconds: number
  readonly products?: number
  /** Each request with an Idempotency-Key of its own. */
  readonly keyed?: boolean
  readonly prefer?: 'respond-async'
  /** Looks at the status of each answer, which costs wrk time. */
  readonly statuses?: boolean
}

export type Percentiles = {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
}

export type Run = {
  /** Answers of the 2xx. */
  readonly granted: number
  readonly refused: number
  /** How often each status came; empty where nobody looked. */
  readonly statuses: Readonly<Record<string, number>>
  /** Connections that broke, and answers that never came. */
  readonly lost: number
  /** All answers; those of the 2xx. */
  readonly perSecond: number
  readonly grantedPerSecond: number
  readonly latencyMs: Percentiles
}

const script = fileURLToPath(new URL('load.lua', import.meta.url))
const THREADS = 2
const TIMEOUT_S = 30
const MICROS_A_SECOND = 1_000_000

let runs = 0

export async function runWrk(load: Load): Promise<Run> {
  runs++
  const words = [
    load.method,
    String(load.products ?? 1),
    load.keyed ? 'yes' : 'no',
    load.prefer ?? '-',
    `${process.pid}-${runs}`,
    load.statuses ? 'yes' : 'no',
  ]
  const child = launch({
    name: 'wrk',
    command: 'wrk',
    args: [
      `-t${Math.min(THREADS, load.clients)}`,
      `-c${load.clients}`,
      `-d${load.seconds}s`,
      `--timeout=${TIMEOUT_S}s`,
      `--script=${script}`,
      load.url + load.path,
      '--',
      ...words,
    ],
  })
  return readCounts(await outputOf(child))
}

type Counts = Record<
  'answers' | 'refused' | 'broken' | 'timeouts' | 'micros' | keyof Percentiles,
  number
> & { readonly statuses: Readonly<Record<string, number>> }

/** wrk's own words stand before the line that the script prints. */
export function readCounts(output: string): Run {
  const text = /^counts=(\{.*\})$/m.exec(output)?.[1]
  if (text === undefined) throw new Error(`wrk told no counts:\n${output}`)
  const counts = JSON.parse(text) as Counts
  const ms = (micros: number) => micros / 1_000
  return {
    granted: counts.answers - counts.refused,
    refused: counts.refused,
    statuses: counts.statuses,
    lost: counts.broken + counts.timeouts,
    perSecond: counts.answers / (counts.micros / MICROS_A_SECOND),
    grantedPerSecond: (counts.answers - counts.refused) / (counts.micros / MICROS_A_SECOND),
    latencyMs: {
      p50: ms(counts.p50),
      p90: ms(counts.p90),
      p99: ms(counts.p99),
      p999: ms(counts.p999),
    },
  }
}
