/** A lane's queue as BullMQ sees it, on a Redis server of its own. */
import { queueName } from '@flashlane/core'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { startTestRedis, type TestRedis } from './redis.ts'

export type LaneQueue = {
  readonly server: TestRedis
  readonly redis: Redis
  readonly queue: Queue
  close(): Promise<void>
}

export async function startLaneQueue(lane: string): Promise<LaneQueue> {
  const server = await startTestRedis({ isCluster: false })
  const redis = connectRedis(server.url, { onFault: () => {} }) as Redis
  const queue = new Queue(queueName(lane), { connection: redis })
  return {
    server,
    redis,
    queue,
    async close() {
      await queue.close()
      await redis.quit()
      await server.stop()
    },
  }
}
