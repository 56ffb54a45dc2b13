/**
 * Products as they are now. A worker writes a snapshot into Redis after each commit; where there is none, or Redis cannot
 * be trusted, MySQL is asked. Keys carry the Redis server's run: one that came back with older data serves none of it.
 */
import {
  decodeSnapshot,
  encodeSnapshot,
  type Product,
  SNAPSHOT_TTL_S,
  snapshotKey,
  WRITE_SNAPSHOT_LUA,
} from '@flashlane/core'
import type { Redis } from 'ioredis'
import { coalesce } from './coalesce.ts'

type SnapshotsDeps = {
  readonly redis: Redis
  laneOf(productId: number): string
  findProduct(productId: number): Promise<Product | null>
  readFrom(source: 'redis' | 'mysql'): void
  onFault(error: unknown): void
}

export type Snapshots = ReturnType<typeof createSnapshots>

export function createSnapshots(deps: SnapshotsDeps) {
  const { redis, laneOf, onFault } = deps
  /** Null from a lost connection until the next one has told whose it is. */
  let runId: string | null = null

  const learnRunId = () => {
    redis.info('server').then((info) => {
      runId = /^run_id:(\w+)/m.exec(info)?.[1] ?? null
    }, onFault)
  }
  redis.on('ready', learnRunId)
  redis.on('close', () => {
    runId = null
  })
  if (redis.status === 'ready') learnRunId()

  async function readRedis(productId: number): Promise<Product | null> {
    if (runId === null) return null
    try {
      const text = await redis.get(snapshotKey(laneOf(productId), runId, productId))
      return text === null ? null : decodeSnapshot(text)
    } catch (error) {
      onFault(error)
      return null
    }
  }

  async function readMysql(productId: number): Promise<Product | null> {
    // Named before the read: a Redis that comes back meanwhile must not take it for its own.
    const run = runId
    const product = await deps.findProduct(productId)
    if (product && run !== null) await write(product, run)
    return product
  }

  async function write(product: Product, run: string): Promise<void> {
    const key = snapshotKey(laneOf(product.productId), run, product.productId)
    try {
      await redis.eval(
        WRITE_SNAPSHOT_LUA,
        1,
        key,
        product.version,
        encodeSnapshot(product),
        SNAPSHOT_TTL_S,
      )
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
