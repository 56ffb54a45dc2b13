/** The lanes as the api sees them. The only file here that speaks BullMQ. */
import {
  type Batch,
  COMMAND_KEY_TTL_S,
  commandKey,
  LANES_CHANNEL,
  queueName,
  REDIS_COMMAND_MS_MAX,
  SWEEP_NOTICE,
} from '@flashlane/core'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'

/** BullMQ keeps a stream of events a queue, which nobody here reads. */
const EVENTS_MAX = 100

/** unknown: sent, but not acknowledged in time; it may be in the lane all the same. */
export type AddResult = 'acknowledged' | 'not_sent' | 'unknown'

export type Lanes = ReturnType<typeof createLanes>

export function createLanes(redis: Redis, onFault: (error: unknown) => void) {
  const queues = new Map<string, Queue>()

  function queueOf(lane: string): Queue {
    const known = queues.get(lane)
    if (known) return known
    const queue = new Queue(queueName(lane), {
      connection: redis,
      skipVersionCheck: true,
      skipWaitingForReady: true,
      streams: { events: { maxLen: EVENTS_MAX } },
    })
    queue.on('error', onFault)
    queues.set(lane, queue)
    return queue
  }

  async function hasJob(lane: string, batchId: string): Promise<boolean> {
    return (await redis.exists(queueOf(lane).toKey(batchId))) === 1
  }

  return {
    /** Never rejects. The batch's id is the job's: added twice, it is there once. */
    async add(lane: string, batch: Batch): Promise<AddResult> {
      if (redis.status !== 'ready') return 'not_sent'
      const sentMs = performance.now()
      try {
        await queueOf(lane).add('batch', batch, {
          jobId: batch.batchId,
          removeOnComplete: true,
          removeOnFail: true,
        })
        // BullMQ may have needed two commands, each within its time. What is late counts as not accepted.
        return performance.now() - sentMs <= REDIS_COMMAND_MS_MAX ? 'acknowledged' : 'unknown'
      } catch (error) {
        onFault(error)
        return 'unknown'
      }
    },

    hasJob,

    /** Leads a poll from a command that is answered 202 to its batch. */
    async remember(lane: string, commandId: string, batchId: string): Promise<void> {
      await redis.set(commandKey(lane, commandId), batchId, 'EX', COMMAND_KEY_TTL_S)
    },

    /** Whether a command that was answered 202 still stands in its lane. */
    async isQueued(lane: string, commandId: string): Promise<boolean> {
      const batchId = await redis.get(commandKey(lane, commandId))
      return batchId !== null && hasJob(lane, batchId)
    },

    /** Tells the workers that there is a lane to open. Losing it costs a second: they look for themselves. */
    announce(productId: number): void {
      redis.publish(LANES_CHANNEL, String(productId)).catch(onFault)
    },

    /** Asks the workers to look for what is overdue, though each does so every second. */
    sweep(): void {
      redis.publish(LANES_CHANNEL, SWEEP_NOTICE).catch(onFault)
    },

    async close(): Promise<void> {
      await Promise.all([...queues.values()].map((queue) => queue.close()))
    },
  }
}
