/** The lanes of a load's products, as they stand in Redis. */
import { queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import type { Load } from './load/load.ts'
import type { Stage } from './stage/stage.ts'

/** Over a connection that waits for Redis: for what looks once all is healed. */
export async function withQueues<T>(
  { redisClient: connection }: Stage,
  { products }: Load,
  look: (queues: readonly Queue[]) => Promise<T>,
): Promise<T> {
  const queues = products.map((product) => new Queue(queueName(`p${product}`), { connection }))
  for (const queue of queues) queue.on('error', () => {})
  try {
    return await look(queues)
  } finally {
    await Promise.all(queues.map((queue) => queue.close()))
  }
}
