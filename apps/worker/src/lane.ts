/** A lane as who works it sees it: adds to it, asks how deep it is, and looks at what comes next. */
import {
  type Batch,
  type CommandBatch,
  jobName,
  laneDepth,
  laneNext,
  packBatch,
} from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'
import type { Queue } from 'bullmq'
import { commandBatches } from './processor.ts'

const DEPTH_ASKED_MS = 500

export type Lane = {
  readonly name: string
  add(job: { id: string; batch: Batch; delayMs?: number }): Promise<void>
  /** Commands that stand in the lane, about, and up to half a second ago. */
  depth(): Promise<number>
  /** The batches of commands that come next, in their order, at most so many, and none past a job that is anything else. */
  next(most: number): Promise<readonly CommandBatch[]>
}

type Deps = { readonly redis: RedisClient; readonly nowMs: () => number }

export function createLane({ redis, nowMs }: Deps, name: string, queue: Queue): Lane {
  let askedAtMs = -Infinity
  let depth = 0
  return {
    name,
    async add({ id, batch, delayMs = 0 }) {
      const options = { jobId: id, delay: delayMs, removeOnComplete: true, removeOnFail: true }
      await queue.add(jobName(batch), packBatch(batch), options)
    },
    async depth() {
      const monotonicMs = performance.now()
      if (monotonicMs - askedAtMs > DEPTH_ASKED_MS) {
        askedAtMs = monotonicMs
        depth = Number(await redis.eval(...laneDepth(name)))
      }
      return depth
    },
    async next(most) {
      const jobs = (await redis.eval(...laneNext(name, most))) as (string | null)[]
      // One that is gone has nothing behind it that is known to be next.
      const gone = jobs.lastIndexOf(null)
      return commandBatches(jobs.slice(gone + 1).toReversed() as string[], nowMs())
    },
  }
}
