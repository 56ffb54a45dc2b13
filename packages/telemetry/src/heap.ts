/** How much of a process's memory is garbage. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * How much the old generation may grow between two collections, in percent: a small one by all of it, a large one by half. V8
 * lets a heap as small as ours grow by 300: what a crowd was answered lay about until a process had more than 300 MB. With half
 * of a small one, it collects all the time.
 */
const GROWING_PERCENT = { min: 50, max: 100 }
/** Between the two, in MB: what a heap has when it is collected, its garbage included, grows by so much at most. */
const ROOM_MB = 110
/** Often: V8 takes what was set when it ends a collection, and a rush may have filled the heap since the last look. */
const LOOK_EACH_MS = 250

/** To be called first of all. */
export function keepHeapSmall(): void {
  limitGrowth()
  setInterval(limitGrowth, LOOK_EACH_MS).unref()
}

function limitGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent(oldGenerationMb())}`)
}

/** By how much a heap of this size may grow. */
export const growingPercent = (usedMb: number): number =>
  Math.min(
    GROWING_PERCENT.max,
    Math.max(GROWING_PERCENT.min, Math.round((100 * ROOM_MB) / Math.max(usedMb, 1))),
  )

const MEGABYTE = 2 ** 20

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
