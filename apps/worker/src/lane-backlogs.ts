/** How many commands wait in each lane, and for how long: asked of Redis some lanes at a time, so that the batches between them do not wait. */
import { commandsOfJob, laneKey, madeAtOfJob, madeAtOfJobData } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

const LANES_AT_A_TIME = 64

export type LaneBacklog = {
  readonly lane: string
  /** About: jobs that wait, times what the next one carries. */
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
  const wait = laneKey(lane, 'wait')
  const [jobs, next] = await Promise.all([redis.llen(wait), redis.lindex(wait, -1)])
  if (next === null) return null
  const key = laneKey(lane, next)
  const [name, madeAtMs] = await Promise.all([redis.hget(key, 'name'), madeAt(redis, key, next)])
  return {
    lane,
    commands: jobs * commandsOfJob(name ?? ''),
    oldestAgeMs: madeAtMs === null ? 0 : Math.max(0, nowMs - madeAtMs),
  }
}

/** Only what carries few bytes does not tell it by its id. */
const madeAt = async (redis: RedisClient, key: string, jobId: string): Promise<number | null> =>
  madeAtOfJob(jobId) ?? madeAtOfJobData(await redis.hget(key, 'data'))
