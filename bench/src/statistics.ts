/** The few statistics of a bench. */

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Between which the middle half of the values lies. */
export const quartiles = (values: readonly number[]): [lower: number, upper: number] => [
  quantile(values, 0.25),
  quantile(values, 0.75),
]

function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('nothing has no median')
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const lower = sorted[Math.floor(place)] ?? 0
  const upper = sorted[Math.ceil(place)] ?? 0
  return lower + (upper - lower) * (place % 1)
}

/** How far the middle half of the rounds lies apart, as a share of their median; null where there is one round only. */
export function spread(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const [lower, upper] = quartiles(values)
  return (upper - lower) / median(values)
}
