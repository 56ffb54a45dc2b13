/** How much of a process's memory is garbage. */
import { setFlagsFromString } from 'node:v8'

/** Percent that the old generation may grow between two collections. V8 lets a heap as small as ours grow by 300: what a
 * crowd was answered lay about until a process had more than 300 MB. */
const HEAP_GROWING_PERCENT = 50

/** To be called first of all: V8 reads it before each growth. */
export const keepHeapSmall = (): void =>
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
