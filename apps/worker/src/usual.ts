/** What a value usually is: a mean in which what is new has a weight of one in eight, so that one that stands out moves it little. */
const WEIGHT = 1 / 8

export function makeUsual(): (value: number) => number {
  let usual: number | null = null
  return (value) => {
    usual = usual === null ? value : usual + (value - usual) * WEIGHT
    return usual
  }
}
