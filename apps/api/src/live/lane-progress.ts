/** How quickly a lane moves: a moving average of the jobs that were taken while some waited. */

/** What was seen this long ago counts a third of what is seen now. */
const MEMORY_MS = 3_000
/** A lane that has not moved for so long may not move soon: nobody knows when it will. */
const STILL_MS_MAX = 5_000

export type LaneProgress = {
  /** Within the last `tookMs`, so many jobs were taken. */
  seen(passed: number, tookMs: number, nowMs: number): void
  /** Null while it is not known. */
  jobsPerSecond(nowMs: number): number | null
}

export function createLaneProgress(): LaneProgress {
  let perMs: number | null = null
  let movedMs = Number.NEGATIVE_INFINITY

  return {
    seen(passed, tookMs, nowMs) {
      if (tookMs <= 0) return
      const share = 1 - Math.exp(-tookMs / MEMORY_MS)
      const isKnown = perMs !== null && nowMs - movedMs <= STILL_MS_MAX
      perMs = isKnown ? (perMs ?? 0) * (1 - share) + (passed / tookMs) * share : passed / tookMs
      if (passed > 0) movedMs = nowMs
    },
    jobsPerSecond: (nowMs) =>
      perMs === null || perMs <= 0 || nowMs - movedMs > STILL_MS_MAX ? null : perMs * 1_000,
  }
}
