/** One thread's share of the seeds: every so manieth, each told when it is over. */
import { parentPort, workerData } from 'node:worker_threads'
import { type Options, type Run, run } from './run.ts'

export type Share = {
  readonly first: number
  readonly end: number
  readonly each: number
  readonly options: Options
  readonly isTraced: boolean
}

// Faults make errors by the thousand, and nobody reads where they were made.
Error.stackTraceLimit = 0

const { first, end, each, options, isTraced } = workerData as Share
for (let seed = first; seed < end; seed += each) {
  const result = await run(seed, options)
  const isShown = isTraced || result.violations.length > 0
  const told: Run = isShown ? result : { ...result, lines: [] }
  parentPort?.postMessage(told, [])
}
