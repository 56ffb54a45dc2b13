import { BATCH_FORMAT, drawX, queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import { sql } from 'kysely'
import { randomBytes } from 'node:crypto'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 5_000
const HOUR_MS = 3_600_000
/** Ids without a job. */
const GHOSTS = 3

/** As a worker leaves it that took a job and is gone: active, and nobody's. */
async function leaveActive(queue: Queue, { redisClient }: Scene['stage']): Promise<void> {
  const nowMs = Date.now()
  const batch = {
    format: BATCH_FORMAT,
    kind: 'expiry',
    batchId: drawX(nowMs, randomBytes(10)),
    madeAtMs: nowMs,
    cutoffMs: nowMs,
  }
  const jobId = 'of-a-ghost'
  await queue.add('batch', batch, { jobId, delay: HOUR_MS, removeOnComplete: true })
  await redisClient
    .multi()
    .zrem(queue.toKey('delayed'), jobId)
    .lpush(queue.toKey('active'), jobId)
    .exec()
}

export const brokenQueue: Row = {
  id: 27,
  title: 'A queue that is not as BullMQ left it',
  fault: 'a job that stays active, ids without a job, jobs that are no batch',
  async run(scene) {
    const { stage, load, note, sells, recovers, demand } = scene
    const [product = 0] = load.products
    const queue = new Queue(queueName(`p${product}`), {
      connection: stage.redisClient,
      skipVersionCheck: true,
    })

    note('a job is active, and nobody works on it')
    await leaveActive(queue, stage)
    await recovers('a job that stays active', RECOVERY_MS)
    await sells(60)

    note('ids without a job stand at both ends of the lane')
    const wait = queue.toKey('wait')
    await stage.redisClient.multi().rpush(wait, 'ghost-first').lpush(wait, 'ghost-last').exec()
    await recovers('ids without a job', RECOVERY_MS)
    await sells(60)

    note('an id without a job stands among the active ones')
    await stage.redisClient.lpush(queue.toKey('active'), 'ghost-active')
    await recovers('an active id without a job', RECOVERY_MS)
    await sells(60)

    note('jobs that are no batch')
    const nonsense = [null, 'a batch', 7, {}, [], { format: 1, kind: 'commands', commands: [] }]
    for (const data of nonsense) {
      await queue.add('batch', data, { removeOnComplete: true, removeOnFail: true })
    }
    await recovers('jobs that are no batch', RECOVERY_MS)
    await queue.close()
    const letters = await countLetters(scene)
    const wanted = GHOSTS + nonsense.length
    demand(letters === wanted, `each of them is a dead letter: ${letters}, not ${wanted}`)
  },
}

async function countLetters({ stage }: Scene): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from dead_letters where product_id is null
  `.execute(stage.database.db)
  return Number(rows[0]?.n)
}
