/** How much of a process's memory is garbage. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Percent that the old generation may grow between two collections. V8 lets a heap as small as ours grow by 300: what a
 * crowd was answered lay about until a process had more than 300 MB. */
const HEAP_GROWING_PERCENT = 50

/** To be called first of all: V8 reads it before each growth. */
export const keepHeapSmall = (): void =>
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)

/**
 * To be called right before `process.exit`, which waits for the threads that compile: one that finds the heap full would
 * wait for a collection that never comes, and the process would not end (nodejs/node#54918).
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
