/** BullMQ read plainly: one job of a product at a time, one transaction a job. */
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { queueOf } from './bullmq-queue.ts'
import type { HoldRequest } from './hold-request.ts'
import { openPool } from './mysql.ts'
import { placeByLock } from './place-by-lock.ts'
import { required } from './serve.ts'

const pool = openPool()
const workers = Array.from({ length: Number(required('PRODUCTS')) }, (_, n) => {
  const worker = new Worker<HoldRequest>(queueOf(n + 1), (job) => placeByLock(pool, job.data), {
    connection: new Redis(required('REDIS_URL'), { maxRetriesPerRequest: null }),
    concurrency: 1,
  })
  worker.on('error', console.error)
  return worker
})

process.once('SIGTERM', () => {
  void Promise.all(workers.map((worker) => worker.close(true))).then(() => process.exit(0))
})
