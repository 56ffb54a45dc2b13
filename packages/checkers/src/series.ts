/** Something that must not grow, measured now and then: memory, handles, keys. */

export type Point = { readonly atMs: number; readonly value: number }

export type Series = {
  /** What, whose, and in which unit: `worker 1, heap, MB`. */
  readonly name: string
  readonly points: readonly Point[]
  /** What it may grow by in an hour. */
  readonly perHourMax: number
}
