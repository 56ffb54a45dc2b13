/**
 * Products as they are now. A worker writes a snapshot into Redis after each commit; where there is none, or Redis cannot
 * be trusted, MySQL is asked. Each names the Redis server's run: one that came back with older data serves none of it.
 */
import {
  decodeSnapshot,
  type Product,
  queueName,
  snapshotKey,
  snapshotWrite,
} from '@flashlane/core'
import { createRunIds, type RedisClient } from '@flashlane/redis'
import { ReplyError } from 'ioredis'
import { coalesce } from './coalesce.ts'

/** After Redis refused a write: by then a worker that was refused as well has written its snapshots again. */
const DOUBT_MS = 5_000

type SnapshotsDeps = {
  readonly redis: RedisClient
  laneOf(productId: number): string
  findProduct(productId: number): Promise<Product | null>
  readFrom(source: 'redis' | 'mysql'): void
  onFault(error: unknown): void
}

export type Snapshots = ReturnType<typeof createSnapshots>

export function createSnapshots(deps: SnapshotsDeps) {
  const { redis, laneOf, onFault } = deps
  const runIds = createRunIds(redis, onFault)
  let doubtedMs = Number.NEGATIVE_INFINITY
  const runOf = (productId: number) => runIds.known(queueName(laneOf(productId)))

  async function readRedis(productId: number): Promise<Product | null> {
    const run = runOf(productId)
    if (run === null) return null
    try {
      // A read that a server refuses where it refuses writes: what it has may be old, and nobody can replace it.
      const text = await redis.getex(snapshotKey(laneOf(productId), productId))
      if (performance.now() - doubtedMs < DOUBT_MS) return null
      // If the lane went to another server of a Cluster meanwhile, newer ones are there.
      return text === null || runOf(productId) !== run ? null : decodeSnapshot(text, run)
    } catch (error) {
      if (error instanceof ReplyError) doubtedMs = performance.now()
      onFault(error)
      return null
    }
  }

  async function readMysql(productId: number): Promise<Product | null> {
    // Named before the read: a Redis that comes back meanwhile must not take it for its own.
    const run = runOf(productId)
    const product = await deps.findProduct(productId)
    if (product && run !== null) await write(product, run)
    return product
  }

  async function write(product: Product, runId: string): Promise<void> {
    const lane = laneOf(product.productId)
    try {
      await redis.eval(...snapshotWrite(lane, runId, product))
    } catch (error) {
      onFault(error)
    }
  }

  const fromMysql = coalesce(readMysql)
  const fromRedis = coalesce(readRedis)

  return {
    async read(productId: number): Promise<Product | null> {
      const snapshot = await fromRedis(productId)
      deps.readFrom(snapshot ? 'redis' : 'mysql')
      return snapshot ?? fromMysql(productId)
    },

    /** Makes what MySQL has visible to the next read, wherever it is answered. Never rejects. */
    async refresh(productIds: ReadonlySet<number>): Promise<void> {
      await Promise.all([...productIds].map((id) => fromMysql(id).catch(onFault)))
    },
  }
}
