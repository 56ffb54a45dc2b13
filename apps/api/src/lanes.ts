/** The lanes as the api sees them. The only file here that speaks BullMQ. */
import {
  type Batch,
  type Command,
  commandKey,
  jobName,
  LANES_CHANNEL,
  packBatch,
  queueName,
  SWEEP_NOTICE,
} from '@flashlane/core'
import { type RedisClient, serverOf } from '@flashlane/redis'
import { Queue } from 'bullmq'
import { createRemember } from './remember.ts'

/** BullMQ keeps a stream of events a queue, which nobody here reads. */
const EVENTS_MAX = 100

/** unknown: sent, but not acknowledged in time; it may be in the lane all the same. */
export type AddResult = 'acknowledged' | 'not_sent' | 'unknown'

export type Place = {
  readonly isThere: boolean
  /** Not taken by a worker yet. */
  readonly isWaiting: boolean
  readonly jobsBefore: number
  /** Null where the earlier one waits no more. */
  readonly earlierBefore: number | null
  /** Of the batch itself. */
  readonly commands: number | null
}

type TracesOf = (commands: readonly Command[]) => string | undefined

export type Lanes = ReturnType<typeof createLanes>

/** `tracesOf` tells where a batch's commands stand in their traces, if that is asked for. */
export function createLanes(
  redis: RedisClient,
  onFault: (error: unknown) => void,
  tracesOf?: TracesOf,
) {
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

  function telemetryOf(batch: Batch): { telemetry?: { metadata: string } } {
    if (!tracesOf || batch.kind !== 'commands') return {}
    const metadata = tracesOf(batch.commands)
    return metadata === undefined ? {} : { telemetry: { metadata } }
  }

  async function hasJob(lane: string, batchId: string): Promise<boolean> {
    return (await redis.exists(queueOf(lane).toKey(batchId))) === 1
  }

  return {
    /** Never rejects. The batch's id is the job's: added twice, it is there once. */
    async add(lane: string, batch: Batch): Promise<AddResult> {
      if (serverOf(redis, queueName(lane))?.status !== 'ready') return 'not_sent'
      try {
        await queueOf(lane).add(jobName(batch), packBatch(batch), {
          jobId: batch.batchId,
          removeOnComplete: true,
          removeOnFail: true,
          ...telemetryOf(batch),
        })
        return 'acknowledged'
      } catch (error) {
        onFault(error)
        return 'unknown'
      }
    },

    hasJob,

    remember: createRemember(redis),

    /** The batch of a command that was answered 202, while it still stands in its lane. */
    async queuedBatch(lane: string, commandId: string): Promise<string | null> {
      const batchId = await redis.get(commandKey(lane, commandId))
      return batchId !== null && (await hasJob(lane, batchId)) ? batchId : null
    },

    /** Those of these commands whose batches still stand in their lane. */
    async stillQueued(lane: string, commandIds: readonly string[]): Promise<ReadonlySet<string>> {
      const batchIds = await redis.mget(commandIds.map((id) => commandKey(lane, id)))
      const asked = [...new Set(batchIds.filter((id) => id !== null))]
      const found = await Promise.all(asked.map((id) => hasJob(lane, id)))
      const standing = new Set(asked.filter((_, i) => found[i]))
      return new Set(commandIds.filter((_, i) => standing.has(batchIds[i] ?? '')))
    },

    /** How many jobs stand before a batch, and before another one that was asked for earlier. */
    async placeOf(lane: string, batchId: string, earlierId: string): Promise<Place> {
      const queue = queueOf(lane)
      const wait = queue.toKey('wait')
      const answers = await redis
        .multi()
        .llen(wait)
        .llen(queue.toKey('active'))
        .lpos(wait, batchId)
        .lpos(wait, earlierId)
        .hget(queue.toKey(batchId), 'name')
        .exec()
      const [waiting, active, at, earlierAt, name] = (answers ?? []).map(([error, value]) => {
        if (error) throw error
        return value
      })
      // Taken from the end of the list. What is in it no more is being worked, or done.
      const before = (index: unknown): number =>
        typeof index === 'number' ? Number(waiting) - 1 - index + Number(active) : 0
      const commands = typeof name === 'string' ? Number.parseInt(name, 10) : Number.NaN
      return {
        isThere: typeof name === 'string',
        isWaiting: typeof at === 'number',
        jobsBefore: before(at),
        earlierBefore: typeof earlierAt === 'number' ? before(earlierAt) : null,
        commands: Number.isNaN(commands) ? null : commands,
      }
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
