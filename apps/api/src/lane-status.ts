/** How lanes stand in Redis, for operators: read in a few round trips, however many lanes. */
import {
  laneDepth,
  laneKey,
  type Layout,
  laneOf,
  madeAtOfJob,
  madeAtOfJobData,
  type Product,
} from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

export type LaneStatus = {
  readonly name: string
  /** Commands that wait; where many batches do, about. */
  readonly depth: number
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly oldestAgeMs: number | null
  /** The batch in work, else the next one. */
  readonly head: string | null
  /** The worker that has the batch in work: its machine and process. */
  readonly owner: string | null
  /** Lately; null for a lane of many products. */
  readonly batchesPerSecond: number | null
  /** Of a lane that is one product's alone. */
  readonly product: Product | null
}

type Deps = {
  readonly redis: RedisClient
  readonly layout: Layout
  pacesOf(productIds: readonly number[]): Promise<ReadonlyMap<number, number>>
  nowMs(): number
}

export const makeLaneStatus =
  ({ redis, layout, pacesOf, nowMs }: Deps) =>
  async (products: readonly Product[]): Promise<readonly LaneStatus[]> => {
    const byLane = Map.groupBy(products, ({ productId }) => laneOf(productId, layout))
    const isOneProducts = layout.kind === 'per-product'
    const [paces, ...found] = await Promise.all([
      isOneProducts ? pacesOf(products.map(({ productId }) => productId)) : new Map(),
      ...[...byLane.keys()].map((name) => readLane(redis, name)),
    ])
    return found.map(({ madeAtMs, ...lane }): LaneStatus => {
      const [product = null] = isOneProducts ? (byLane.get(lane.name) ?? []) : []
      return {
        ...lane,
        oldestAgeMs: madeAtMs === null ? null : Math.max(0, nowMs() - madeAtMs),
        batchesPerSecond: product && (paces.get(product.productId) ?? 0),
        product,
      }
    })
  }

async function readLane(redis: RedisClient, name: string) {
  const wait = laneKey(name, 'wait')
  const inWorkList = laneKey(name, 'active')
  const [depth, waiting, active, delayed, next, inWork] = await Promise.all([
    redis.eval(...laneDepth(name)),
    redis.llen(wait),
    redis.llen(inWorkList),
    redis.zcard(laneKey(name, 'delayed')),
    redis.lindex(wait, -1),
    redis.lindex(inWorkList, -1),
  ])
  const [madeAtMs, owner] = await Promise.all([
    next === null ? null : madeAt(redis, name, next),
    inWork && redis.hget(laneKey(name, inWork), PROCESSED_BY),
  ])
  return {
    name,
    depth: Number(depth),
    waiting,
    active,
    delayed,
    madeAtMs,
    head: inWork ?? next,
    owner,
  }
}

/** BullMQ's name for the worker that took a job last. */
const PROCESSED_BY = 'pb'

/** Only what carries few bytes does not tell it by its id. */
const madeAt = async (redis: RedisClient, lane: string, jobId: string): Promise<number | null> =>
  madeAtOfJob(jobId) ?? madeAtOfJobData(await redis.hget(laneKey(lane, jobId), 'data'))
