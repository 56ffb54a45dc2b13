/** Whether an order that is given agrees with time: O(n), since only the latest start so far matters. */

export type Timed = { readonly t0: number; readonly t1: number }

/** `late` stands before `early`, which was over before `late` began. */
export type Reversal<Operation extends Timed> = {
  readonly late: Operation
  readonly early: Operation
}

/** Told all operations in their order, some of them together where their order among themselves does not matter. */
export function createRealTime<Operation extends Timed>() {
  let latest: Operation | null = null
  return {
    take(together: readonly Operation[]): readonly Reversal<Operation>[] {
      const late = latest
      const found = late
        ? together.filter(({ t1 }) => t1 < late.t0).map((early) => ({ late, early }))
        : []
      for (const each of together) if (!latest || each.t0 > latest.t0) latest = each
      return found
    },
  }
}
