/** A seeded source of randomness: the same seed draws the same. */
export type Random = {
  /** From 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `count`. */
  below(count: number): number
  between(min: number, max: number): number
  chance(probability: number): boolean
  pick<Value>(from: readonly Value[]): Value
}

/** The generator sfc32. */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = seed | 0
  let counter = 1

  function draw(): number {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }

  // Neighbouring seeds begin alike.
  for (let i = 0; i < 12; i++) draw()
  const below = (count: number): number => Math.floor(draw() * count)
  return {
    next: draw,
    below,
    between: (min, max) => min + draw() * (max - min),
    chance: (probability) => draw() < probability,
    pick: <Value>(from: readonly Value[]) => from[below(from.length)] as Value,
  }
}
