/** How much of a process's memory is garbage. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * How much the old generation may grow between two collections. V8 lets a heap as small as ours grow by 300 percent: what a
 * crowd was answered lay about until a process had more than 300 MB. With half of a small one, it collects all the time.
 */
const GROWTH_MB = 50
const GROWTH_PERCENT_MIN = 50
const LOOK_EACH_MS = 5_000
const MEGABYTE = 2 ** 20

/** To be called first of all. V8 reads what it sets before each growth. */
export function keepHeapSmall(): void {
  limitGrowth()
  setInterval(limitGrowth, LOOK_EACH_MS).unref()
}

function limitGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent(oldGenerationMb())}`)
}

/** By how much a heap of this size may grow. */
export const growingPercent = (usedMb: number): number =>
  Math.max(GROWTH_PERCENT_MIN, Math.round((100 * GROWTH_MB) / Math.max(usedMb, 1)))

const oldGenerationMb = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !name.startsWith('new_'))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0) / MEGABYTE

/**
 * To be called right before `process.exit`, which waits for the threads that compile: one that finds the heap full would
 * wait for a collection that never comes, and the process would not end (nodejs/node#54918).
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
