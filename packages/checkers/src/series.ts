/** Something that must not grow, measured now and then: memory, handles, keys. */

import { NOWHERE } from '@flashlane/audit'
import type { RunFindings } from './run.ts'

export type Point = { readonly atMs: number; readonly value: number }

export type Series = {
  /** What, whose, and in which unit: `worker 1, heap, MB`. */
  readonly name: string
  readonly points: readonly Point[]
  /** What it may grow by in an hour. */
  readonly perHourMax: number
}

const HOUR_MS = 3_600_000
/** So many standard errors below the slope, growth is still certain: collections of garbage make the points jump. */
const CERTAINTY = 3

export type Slope = { readonly perHour: number; readonly errorPerHour: number }

/** The straight line through the points that is nearest to them all (least squares); null for fewer than three. */
export function slopeOf(points: readonly Point[]): Slope | null {
  const n = points.length
  if (n < 3) return null
  const meanMs = points.reduce((sum, { atMs }) => sum + atMs, 0) / n
  const mean = points.reduce((sum, { value }) => sum + value, 0) / n
  let spread = 0
  let together = 0
  for (const { atMs, value } of points) {
    spread += (atMs - meanMs) ** 2
    together += (atMs - meanMs) * (value - mean)
  }
  if (spread === 0) return null
  const perMs = together / spread
  let left = 0
  for (const { atMs, value } of points) left += (value - mean - perMs * (atMs - meanMs)) ** 2
  const errorPerMs = Math.sqrt(left / (n - 2) / spread)
  return { perHour: perMs * HOUR_MS, errorPerHour: errorPerMs * HOUR_MS }
}

/** C10: nothing grows by more than it may. */
export function checkSlopes(findings: RunFindings, all: readonly Series[]): void {
  for (const { name, points, perHourMax } of all) {
    findings.look('C10', 'series')
    const slope = slopeOf(points)
    if (!slope) {
      findings.blame('C10', NOWHERE, `${name} was measured ${points.length} times: too few to tell`)
      continue
    }
    if (slope.perHour - CERTAINTY * slope.errorPerHour <= perHourMax) continue
    const grows = `${slope.perHour.toFixed(2)} +- ${slope.errorPerHour.toFixed(2)} an hour`
    findings.blame('C10', NOWHERE, `${name} grows by ${grows}, and may by ${perHourMax}`)
  }
}
