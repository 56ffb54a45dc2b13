/** BullMQ read plainly: each request is a job in its product's queue, and waits for the job's end. */
import { Queue, QueueEvents } from 'bullmq'
import { Redis } from 'ioredis'
import type { Placed } from './answer.ts'
import { queueOf } from './bullmq-queue.ts'
import { required, serve } from './serve.ts'

/** Ended jobs are kept for a while, so that an event is never about a job that is gone. */
const KEPT = 10_000

const redis = () => new Redis(required('REDIS_URL'), { maxRetriesPerRequest: null })
const commands = redis()
const lanes = new Map<number, Queue>()
const waiting = new Map<string, PromiseWithResolvers<Placed>>()

async function open(productId: number): Promise<Queue> {
  const name = queueOf(productId)
  const queue = new Queue(name, {
    connection: commands,
    defaultJobOptions: { removeOnComplete: KEPT, removeOnFail: KEPT },
  })
  // One listener a queue: Job.waitUntilFinished would ask Redis for each job once more.
  const events = new QueueEvents(name, { connection: redis() })
  events.on('completed', ({ jobId, returnvalue }) => {
    take(jobId)?.resolve(returnvalue)
  })
  events.on('failed', ({ jobId, failedReason }) => take(jobId)?.reject(new Error(failedReason)))
  await events.waitUntilReady()
  return queue
}

function take(jobId: string): PromiseWithResolvers<Placed> | undefined {
  const waiter = waiting.get(jobId)
  waiting.delete(jobId)
  return waiter
}

for (let productId = 1; productId <= Number(required('PRODUCTS')); productId++) {
  lanes.set(productId, await open(productId))
}

let made = 0
await serve({
  async place(request) {
    const lane = lanes.get(request.productId)
    if (!lane) return { kind: 'insufficient_stock', available: 0 }
    made++
    const jobId = `hold-${made}`
    const waiter = Promise.withResolvers<Placed>()
    waiting.set(jobId, waiter)
    await lane.add('place', request, { jobId })
    return waiter.promise
  },
})
