/** How much of a process's memory is garbage. */
import { setFlagsFromString } from 'node:v8'

/** Percent that the old generation may grow between two collections of it. V8's own choice for a heap as small as ours
 * is 300: a crowd's answered requests lay about until the process had 340 MB. */
const HEAP_GROWING_PERCENT = 50

/** To be called first of all. Costs about one collection a second under load, and was not measurable in holds. */
export const keepHeapSmall = (): void =>
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
