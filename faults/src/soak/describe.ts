/** A series in one line: where it began and ended, and the slope of all between. */
import { type Series, slopeOf } from '@flashlane/checkers'

export function describeSeries({ name, points, perHourMax }: Series): string {
  const [first, last] = [points[0]?.value ?? 0, points.at(-1)?.value ?? 0]
  const slope = slopeOf(points)
  const grows = slope
    ? `${slope.perHour.toFixed(1)} +- ${slope.errorPerHour.toFixed(1)} an hour`
    : 'unknown'
  return `${name}: ${first.toFixed(1)} at first, ${last.toFixed(1)} at last; slope ${grows}, may be ${perHourMax}`
}
