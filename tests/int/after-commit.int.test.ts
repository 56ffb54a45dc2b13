/** What a worker leaves of a lane's marker: BullMQ's sign that wakes whoever sleeps beside the lane. */
import { BATCH_COMMANDS_MAX, commandKey, laneKey, snapshotKey } from '@flashlane/core'
import { aProduct } from '@flashlane/core/builders.ts'
import { publish } from '@flashlane/worker/after-commit.ts'
import type { Queue } from 'bullmq'
import { draw } from '@flashlane/worker/draw.ts'
import { makeExpiryBatch } from '@flashlane/worker/expiry-jobs.ts'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type LaneQueue, startLaneQueue } from '../support/lane-queue.ts'
import { lanesOn } from '../support/lanes.ts'
import { until } from '../support/until.ts'

const LANE = 'p1'
const MARKER = laneKey(LANE, 'marker')
const NOTHING = { lane: LANE, products: [], commandIds: [], reply: null }

let laneQueue: LaneQueue
let redis: Redis
let queue: Queue
beforeAll(async () => {
  laneQueue = await startLaneQueue(LANE)
  ;({ redis, queue } = laneQueue)
})
afterAll(() => laneQueue.close())
beforeEach(() => redis.flushall())

const add = (batch = makeExpiryBatch(draw, { cutoffMs: Date.now(), madeAtMs: Date.now() })) =>
  queue.add('expiry', batch, { jobId: batch.batchId })
const publishNothing = () => publish(redis, 'a-run', NOTHING)

test('while a job is in hand its marker goes, and that of delayed jobs stays', async () => {
  await add()
  await queue.add('expiry', {}, { jobId: 'later', delay: 60_000 })
  await redis.lmove(queue.toKey('wait'), queue.toKey('active'), 'RIGHT', 'LEFT')

  const before = await redis.zrange(MARKER, '0', '-1')
  await publishNothing()

  expect([before, await redis.zrange(MARKER, '0', '-1')]).toEqual([['0', '1'], ['1']])
})

test('while no job is in hand the marker stays: somebody may sleep', async () => {
  await add()

  await publishNothing()

  expect(await redis.zrange(MARKER, '0', '-1')).toEqual(['0'])
})

test('of a batch as large as one can be, nothing leads to what is queued no more; another command is still found', async () => {
  const keyOf = (n: number) => commandKey(LANE, `cmd_1_${n}`)
  const commandIds = Array.from({ length: BATCH_COMMANDS_MAX }, (_, n) => `cmd_1_${n}`)
  await redis.mset(commandIds.flatMap((_, n) => [keyOf(n), 'its batch']))
  await redis.set(keyOf(-1), 'another batch')

  await publish(redis, 'a-run', { ...NOTHING, products: [aProduct()], commandIds })

  expect(await redis.keys(commandKey(LANE, '*'))).toEqual([keyOf(-1)])
  expect(await redis.exists(snapshotKey(LANE, aProduct().productId))).toBe(1)
})

test('a lane whose markers go is worked to its end, and leaves none to wake anybody for nothing', async () => {
  const { lanes, handled } = lanesOn(redis, { handle: publishNothing })
  lanes.open(LANE)
  const sent: string[] = []
  for (let n = 0; n < 200; n++) {
    const { id } = await add()
    sent.push(String(id))
    // Now and then the lane runs empty.
    if (n % 3 === 0) {
      await until(() => handled.length === sent.length, { withinMs: 5_000, what: `job ${n}` })
    }
  }
  await until(() => handled.length === sent.length, { withinMs: 5_000, what: 'the last jobs' })
  await until(async () => (await redis.info('clients')).includes('blocked_clients:1\r'), {
    withinMs: 5_000,
    what: 'the worker sleeps',
  })
  const left = await redis.exists(MARKER)
  await lanes.close()

  expect(handled).toEqual(sent)
  expect(left).toBe(0)
})
