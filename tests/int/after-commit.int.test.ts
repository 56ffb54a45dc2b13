/** What a worker leaves of a lane's marker: BullMQ's sign that wakes whoever sleeps beside the lane. */
import { createRemember } from '@flashlane/api/remember.ts'
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
const NOTHING = { lane: LANE, products: [], batchId: 'a-batch', reply: null }

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
const addBatch = (jobId: string) => queue.add('commands', {}, { jobId })

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

test('of a batch as large as one can be, nothing leads to what is queued no more; a command of another is still found', async () => {
  const remember = createRemember(redis)
  await Promise.all([addBatch('a-batch'), addBatch('another-batch')])
  const commandIds = Array.from({ length: BATCH_COMMANDS_MAX }, (_, n) => `cmd_1_${n}`)
  await Promise.all([
    ...commandIds.map((id) => remember(LANE, id, 'a-batch')),
    remember(LANE, 'cmd_1_other', 'another-batch'),
  ])
  const remembered = await redis.mget(commandIds.map((id) => commandKey(LANE, id)))

  await publish(redis, 'a-run', { ...NOTHING, products: [aProduct()] })

  expect(new Set(remembered)).toEqual(new Set(['a-batch']))
  expect(await redis.keys(commandKey(LANE, '*'))).toEqual([commandKey(LANE, 'cmd_1_other')])
  expect(await redis.get(commandKey(LANE, 'cmd_1_other'))).toBe('another-batch')
  expect(await redis.keys('*told*')).toHaveLength(1)
  expect(await redis.exists(snapshotKey(LANE, aProduct().productId))).toBe(1)
})

test('commands of a batch that are told later than others are forgotten with them, and all of it ends by itself', async () => {
  const remember = createRemember(redis)
  await addBatch('a-batch')
  const others = await redis.keys('*')
  await remember(LANE, 'cmd_1_early', 'a-batch')
  await remember(LANE, 'cmd_1_late', 'a-batch')
  const keys = (await redis.keys('*')).filter((key) => !others.includes(key))
  const lives = await Promise.all(keys.map((key) => redis.ttl(key)))

  await publishNothing()

  expect(keys).toHaveLength(3)
  expect(lives.every((seconds) => seconds > 0)).toBe(true)
  expect(await redis.exists(keys)).toBe(0)
})

test('a command whose batch is applied and gone leaves nothing: nobody would take it away', async () => {
  await createRemember(redis)(LANE, 'cmd_1_late', 'a-batch')

  expect(await redis.keys('*')).toEqual([])
})

test('what Redis does not take is told to each who asked to be remembered', async () => {
  const gone = redis.duplicate()
  await gone.ping()
  gone.disconnect()
  const remember = createRemember(gone)

  const told = await Promise.allSettled([
    remember(LANE, 'cmd_1_a', 'a-batch'),
    remember(LANE, 'cmd_1_b', 'a-batch'),
  ])

  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
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
