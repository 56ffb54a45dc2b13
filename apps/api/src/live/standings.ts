/**
 * Where a queued batch stands, and when it will have been applied, about. Redis is asked, not this process's own replies:
 * they tell only of its own batches, and the lane carries those of all. What was asked for once is followed down the
 * lane, and so shows how quickly the lane moves.
 */
import type { Place } from '../lanes.ts'
import { createLaneProgress, type LaneProgress } from './lane-progress.ts'

const ASK_EACH_MS = 500
/** A shorter stretch tells little of a lane's pace; of a longer one, not when what stood first was taken. */
const STRETCH_MS_MIN = 250
const STRETCH_MS_MAX = 3_000
/** What one batch's size counts for in the lane's. */
const SIZE_SHARE = 0.2

export type Standing = {
  /** About how many commands stand before it; null where that is not known. */
  readonly position: number | null
  readonly etaMs: number | null
}

type StandingsDeps = {
  placeOf(lane: string, batchId: string, earlierId: string): Promise<Place>
  laneOf(productId: number): string
  monotonicMs(): number
  onFault(error: unknown): void
}

type Followed = { readonly batchId: string; readonly before: number; readonly atMs: number }
type Lane = { readonly progress: LaneProgress; followed: Followed | null; size: number | null }
type Asked = { readonly atMs: number; readonly standing: Promise<Standing | null> }

export type StandingOf = (productId: number, batchId: string) => Promise<Standing | null>

/** Null where Redis does not know the batch, or does not answer. Never rejects. */
export function createStandings(deps: StandingsDeps): StandingOf {
  const lanes = new Map<string, Lane>()
  /** In the order in which they were asked for. */
  const asked = new Map<string, Asked>()

  function laneFor(name: string): Lane {
    let lane = lanes.get(name)
    if (!lane) {
      lane = { progress: createLaneProgress(), followed: null, size: null }
      lanes.set(name, lane)
    }
    return lane
  }

  async function ask(productId: number, batchId: string): Promise<Standing | null> {
    const name = deps.laneOf(productId)
    const lane = laneFor(name)
    const { followed } = lane
    try {
      const place = await deps.placeOf(name, batchId, followed?.batchId ?? batchId)
      if (!place.isThere) return null
      const nowMs = deps.monotonicMs()
      // Two that ask at once follow the same one: the second finds it replaced.
      if (followed === lane.followed) follow(lane, { batchId, place, nowMs })
      return standingOf(lane, place, nowMs)
    } catch (error) {
      deps.onFault(error)
      return null
    }
  }

  return (productId, batchId) => {
    const nowMs = deps.monotonicMs()
    for (const [id, { atMs }] of asked) {
      if (nowMs - atMs < ASK_EACH_MS) break
      asked.delete(id)
    }
    const known = asked.get(batchId)
    if (known) return known.standing
    const standing = ask(productId, batchId)
    asked.set(batchId, { atMs: nowMs, standing })
    return standing
  }
}

type Seen = { readonly batchId: string; readonly place: Place; readonly nowMs: number }

function follow(lane: Lane, { batchId, place, nowMs }: Seen): void {
  if (place.commands !== null) {
    lane.size = lane.size === null ? place.commands : mix(lane.size, place.commands, SIZE_SHARE)
  }
  const next = place.isWaiting ? { batchId, before: place.jobsBefore, atMs: nowMs } : null
  if (!lane.followed) {
    lane.followed = next
    return
  }
  const { before, atMs } = lane.followed
  const tookMs = nowMs - atMs
  if (tookMs < STRETCH_MS_MIN) return
  if (place.earlierBefore !== null) {
    lane.progress.seen(Math.max(0, before - place.earlierBefore), tookMs, nowMs)
  } else if (tookMs <= STRETCH_MS_MAX) {
    // It was taken meanwhile: at least all before it were.
    lane.progress.seen(before, tookMs, nowMs)
  }
  lane.followed = next
}

function standingOf({ progress, size }: Lane, place: Place, nowMs: number): Standing {
  const { jobsBefore } = place
  const perSecond = progress.jobsPerSecond(nowMs)
  return {
    position: jobsBefore === 0 ? 0 : size === null ? null : Math.round(jobsBefore * size),
    etaMs: perSecond === null ? null : Math.ceil(((jobsBefore + 1) / perSecond) * 1_000),
  }
}

const mix = (old: number, now: number, share: number): number => old * (1 - share) + now * share

/** As clients see it: what is not known is not there. */
export const standingView = (standing: Standing | null) => ({
  ...(standing?.position == null ? {} : { position: standing.position }),
  ...(standing?.etaMs == null ? {} : { eta_ms: standing.etaMs }),
})
