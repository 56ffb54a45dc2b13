/** How lanes stand in Redis, for operators: read in two round trips, however many lanes. */
import { type Layout, laneOf, type Product, queueName } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

export type LaneStatus = {
  readonly name: string
  /** Commands that wait, about: batches that wait, times what the next one carries. */
  readonly depth: number
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly oldestAgeMs: number | null
  /** The batch in work, else the next one. */
  readonly head: string | null
  /** Which worker has the batch in work. */
  readonly owner: string | null
  /** Of a lane that is one product's alone. */
  readonly product: Product | null
}

type Deps = { readonly redis: RedisClient; readonly layout: Layout; nowMs(): number }

export const makeLaneStatus =
  ({ redis, layout, nowMs }: Deps) =>
  async (products: readonly Product[]): Promise<readonly LaneStatus[]> => {
    const byLane = Map.groupBy(products, ({ productId }) => laneOf(productId, layout))
    const names = [...byLane.keys()]
    const counts = await Promise.all(names.map((name) => countsOf(redis, name)))
    return Promise.all(
      names.map(async (name, n): Promise<LaneStatus> => {
        const { next, inWork, ...count } = counts[n] ?? NOTHING
        const [product = null] = layout.kind === 'per-product' ? (byLane.get(name) ?? []) : []
        const job = next === null ? null : await jobOf(redis, name, next)
        const token = inWork && (await redis.get(`${keyOf(name)}:${inWork}:lock`))
        return {
          name,
          ...count,
          depth: count.waiting * (job?.commands ?? 0),
          oldestAgeMs: job === null ? null : Math.max(0, nowMs() - job.madeAtMs),
          head: inWork ?? next,
          owner: token?.split(':')[0] ?? null,
          product,
        }
      }),
    )
  }

const NOTHING = { waiting: 0, active: 0, delayed: 0, next: null, inWork: null }

/** BullMQ's own keys: `bull:{lane}:wait` and its like. */
const keyOf = (lane: string): string => `bull:${queueName(lane)}`

async function countsOf(redis: RedisClient, lane: string) {
  const key = keyOf(lane)
  const [waiting, active, delayed, next, inWork] = await Promise.all([
    redis.llen(`${key}:wait`),
    redis.llen(`${key}:active`),
    redis.zcard(`${key}:delayed`),
    redis.lindex(`${key}:wait`, -1),
    redis.lindex(`${key}:active`, -1),
  ])
  return { waiting, active, delayed, next, inWork }
}

async function jobOf(redis: RedisClient, lane: string, jobId: string) {
  const [timestamp, data] = await redis.hmget(`${keyOf(lane)}:${jobId}`, 'timestamp', 'data')
  const parsed = parseData(data ?? '')
  return { madeAtMs: Number(timestamp ?? 0), commands: parsed }
}

function parseData(data: string): number {
  try {
    const { commands } = JSON.parse(data) as { commands?: readonly unknown[] }
    return Array.isArray(commands) ? commands.length : 0
  } catch {
    return 0
  }
}
