/** Measures several things in turn, round after round, so that a slow minute of the machine hits all of them. */

export type Cell<T> = { readonly key: string; measure(): Promise<T> }

export async function inTurn<T>(rounds: number, cells: readonly Cell<T>[]): Promise<Results<T>> {
  const results = new Map<string, T[]>(cells.map(({ key }) => [key, []]))
  for (let round = 0; round < rounds; round++) {
    for (const { key, measure } of cells) results.get(key)?.push(await measure())
  }
  return {
    of(key) {
      const found = results.get(key)
      if (!found) throw new Error(`${key} was not measured`)
      return found
    },
    has: (key) => results.has(key),
  }
}

export type Results<T> = {
  /** What was measured under this key, a value a round. */
  of(key: string): readonly T[]
  has(key: string): boolean
}
