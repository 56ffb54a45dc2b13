/** Chance that can be had again: all of a run's comes from its seed (mulberry32). */
export type Random = {
  /** From 0, below 1. */
  next(): number
  /** A whole number from `min` to `max`, both of them too. */
  between(min: number, max: number): number
  chance(share: number): boolean
  pick<T>(of: readonly T[]): T
  shuffle<T>(of: readonly T[]): T[]
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    between,
    chance: (share) => next() < share,
    pick<T>(of: readonly T[]): T {
      const picked = of[between(0, of.length - 1)]
      if (picked === undefined) throw new Error('nothing to pick from')
      return picked
    },
    shuffle<T>(of: readonly T[]): T[] {
      const rest = [...of]
      return of.map(() => rest.splice(between(0, rest.length - 1), 1)[0] as T)
    },
  }
}
