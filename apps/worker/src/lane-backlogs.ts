/** How many commands wait in each lane, and for how long: asked of Redis some lanes at a time, so that the batches between them do not wait. */
import { laneDepth, laneKey, madeAtOfJob, madeAtOfJobData } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

const LANES_AT_A_TIME = 64

export type LaneBacklog = {
  readonly lane: string
  /** Where many jobs wait, about. */
  readonly commands: number
  /** Of the job that waits longest. */
  readonly oldestAgeMs: number
}

/** Of lanes where something waits. `nowMs` is the database's clock. */
export async function readLaneBacklogs(
  redis: RedisClient,
  names: readonly string[],
  nowMs: () => Promise<number>,
): Promise<readonly LaneBacklog[]> {
  const found: LaneBacklog[] = []
  const atMs = await nowMs()
  for (let n = 0; n < names.length; n += LANES_AT_A_TIME) {
    const some = names.slice(n, n + LANES_AT_A_TIME)
    const backlogs = await Promise.all(some.map((lane) => readOne(redis, lane, atMs)))
    found.push(...backlogs.filter((each) => each !== null))
  }
  return found
}

async function readOne(
  redis: RedisClient,
  lane: string,
  nowMs: number,
): Promise<LaneBacklog | null> {
  const next = await redis.lindex(laneKey(lane, 'wait'), -1)
  if (next === null) return null
  const [commands, madeAtMs] = await Promise.all([
    redis.eval(...laneDepth(lane)),
    madeAt(redis, laneKey(lane, next), next),
  ])
  return {
    lane,
    commands: Number(commands),
    oldestAgeMs: madeAtMs === null ? 0 : Math.max(0, nowMs - madeAtMs),
  }
}

/** Only what carries few bytes does not tell it by its id. */
const madeAt = async (redis: RedisClient, key: string, jobId: string): Promise<number | null> =>
  madeAtOfJob(jobId) ?? madeAtOfJobData(await redis.hget(key, 'data'))
