/** The few statistics of a bench. */

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing has no median')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** How far the rounds lie apart, as a share of their median; null where there is one round only. */
export function spread(values: readonly number[]): number | null {
  if (values.length < 2) return null
  return (Math.max(...values) - Math.min(...values)) / median(values)
}
