/** Jobs that nobody is woken for: BullMQ's own worker would sleep beside them until it asks by itself, after ten seconds. */
import { queueName } from '@flashlane/core'
import { draw } from '@flashlane/worker/draw.ts'
import { makeExpiryBatch } from '@flashlane/worker/expiry-jobs.ts'
import { lookAt, lotsOf } from '@flashlane/worker/look.ts'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type LaneQueue, startLaneQueue } from '../support/lane-queue.ts'
import { lanesOn } from '../support/lanes.ts'
import { startProxy } from '../support/proxy.ts'
import { until } from '../support/until.ts'

const LANE = 'p1'
/** Well within BullMQ's ten seconds of sleep. */
const AWAKE_MS_MAX = 6_000
const quiet = { onFault: () => {} }

let laneQueue: LaneQueue
let redis: Redis
let queue: Queue

beforeAll(async () => {
  laneQueue = await startLaneQueue(LANE)
  ;({ redis, queue } = laneQueue)
})
afterAll(() => laneQueue.close())
beforeEach(() => redis.flushall())

const aBatch = () => makeExpiryBatch(draw, { cutoffMs: Date.now(), madeAtMs: Date.now() })

async function add(delay = 0): Promise<string> {
  const batch = aBatch()
  await queue.add('expiry', batch, { jobId: batch.batchId, delay })
  return batch.batchId
}

/** A job as it lies when whoever was woken for it is gone: no marker tells of it. */
async function addUnmarked(): Promise<string> {
  const other = new Queue(queueName('p2'), { connection: redis })
  const batch = aBatch()
  await other.add('expiry', batch, { jobId: batch.batchId })
  await redis.rename(other.toKey(batch.batchId), queue.toKey(batch.batchId))
  await redis.lpush(queue.toKey('wait'), batch.batchId)
  await other.close()
  return batch.batchId
}

const asleep = (count: number): Promise<boolean> =>
  until(async () => (await redis.info('clients')).includes(`blocked_clients:${count}\r`), {
    withinMs: 10_000,
    what: `${count} asleep`,
  })

const isHandled = (handled: readonly string[], id: string): Promise<boolean> =>
  until(() => handled.includes(id), { withinMs: AWAKE_MS_MAX, what: 'the job is worked' }).catch(
    () => false,
  )

test('a lane shows the job in hand, else the one that could be: waiting, or delayed and due', async () => {
  const seen = async (nowMs: number) => (await lookAt(redis, [{ queue }], nowMs))[0]?.[1]
  const nothing = { isInHand: false, leftLying: null }
  expect(await seen(Date.now())).toEqual(nothing)

  const delayed = await add(60_000)
  expect(await seen(Date.now())).toEqual(nothing)
  expect(await seen(Date.now() + 60_000)).toEqual({ isInHand: false, leftLying: delayed })

  const first = await add()
  await add()
  expect(await seen(Date.now())).toEqual({ isInHand: false, leftLying: first })

  await redis.lmove(queue.toKey('wait'), queue.toKey('active'), 'RIGHT', 'LEFT')
  expect(await seen(Date.now())).toEqual({ isInHand: true, leftLying: null })
})

test('each of more lanes than one call takes is told by what itself shows', async () => {
  const queues = Array.from({ length: 130 }, (_, i) => ({
    queue: new Queue(queueName(`p${i + 1}`), { connection: redis }),
  }))
  await Promise.all(
    queues.map(async ({ queue: each }, i) => {
      if (i % 3 === 0) await redis.lpush(each.toKey('wait'), `job-${i}`)
      if (i % 3 === 1) await redis.lpush(each.toKey('active'), `job-${i}`)
    }),
  )

  const lots = lotsOf(redis, queues)
  const seen = await Promise.all(lots.map((lot) => lookAt(redis, lot, Date.now())))

  await Promise.all(queues.map(({ queue: each }) => each.close()))
  expect(lots.length).toBeGreaterThan(1)
  expect(seen.flat().map(([, each]) => each)).toEqual(
    queues.map((_, i) => ({ isInHand: i % 3 === 1, leftLying: i % 3 === 0 ? `job-${i}` : null })),
  )
})

test('a waiting job that no marker tells of is worked', async () => {
  const { lanes, handled } = lanesOn(redis)
  lanes.open(LANE)
  await asleep(1)

  const id = await addUnmarked()
  const found = await isHandled(handled, id)

  await lanes.close()
  expect(found).toBe(true)
})

test('a due job whose worker was killed is worked by another', async () => {
  const { hostname, port } = new URL(laneQueue.server.url)
  const proxy = await startProxy({ host: hostname, port: Number(port) })
  const killedRedis = connectRedis(proxy.through(laneQueue.server.url), quiet) as Redis
  onTestFinished(() => killedRedis.disconnect())
  const gone = new AbortController()
  const killed = lanesOn(killedRedis, { signal: gone.signal })
  killed.lanes.open(LANE)
  await asleep(1)
  const { lanes, handled } = lanesOn(redis)
  lanes.open(LANE)
  await asleep(2)
  // Redis wakes whoever slept first.
  const id = await add(2_000)
  await asleep(2)

  proxy.cut()
  const found = await isHandled(handled, id)

  gone.abort()
  await Promise.all([lanes.close(), killed.lanes.close()])
  await proxy.close()
  expect(found).toBe(true)
  expect(killed.handled).toEqual([])
})

test('a look that is never answered keeps nobody from looking at other lanes', async () => {
  const { lanes, handled } = lanesOn(redis)
  // One more than a call takes, so that the last is looked at by itself.
  const names = Array.from({ length: 51 }, (_, i) => `p${i + 1}`)
  const last = new Queue(queueName('p51'), { connection: redis })
  const send = redis.eval.bind(redis)
  let unanswered = 0
  const held = vi.spyOn(redis, 'eval').mockImplementation((script, count, ...args) => {
    if (!args.includes(last.toKey('marker'))) return send(script, count, ...args)
    unanswered++
    return new Promise(() => {})
  })
  for (const name of names) lanes.open(name)
  await until(() => unanswered === 1, { withinMs: 10_000, what: 'a look is not answered' })
  await asleep(51)

  const id = await addUnmarked()
  const found = await isHandled(handled, id)

  held.mockRestore()
  await lanes.close()
  await last.close()
  expect(found).toBe(true)
  expect(unanswered).toBe(1)
})

test('a job whose marker went down a silent connection is worked', async () => {
  const { hostname, port } = new URL(laneQueue.server.url)
  const proxy = await startProxy({ host: hostname, port: Number(port) })
  const own = connectRedis(proxy.through(laneQueue.server.url), quiet) as Redis
  const { lanes, handled } = lanesOn(own)
  lanes.open(LANE)
  await asleep(1)

  proxy.forget()
  const id = await add()
  const found = await isHandled(handled, id)

  await lanes.close()
  await own.quit()
  await proxy.close()
  expect(found).toBe(true)
})

test('a worker that closes wakes another for the job that it leaves, which need not look by itself', async () => {
  const inHand = Promise.withResolvers<void>()
  const leaving = lanesOn(redis, { handle: () => inHand.promise })
  leaving.lanes.open(LANE)
  await asleep(1)
  await add()
  await until(async () => (await queue.getActiveCount()) === 1, {
    withinMs: 5_000,
    what: 'the first job is in hand',
  })
  const ownRedis = connectRedis(laneQueue.server.url, quiet) as Redis
  vi.spyOn(ownRedis, 'eval').mockRejectedValue(new Error('no look'))
  const staying = lanesOn(ownRedis)
  staying.lanes.open(LANE)
  await asleep(1)
  const left = await add()
  await asleep(1)

  const closed = leaving.lanes.close()
  inHand.resolve()
  const found = await isHandled(staying.handled, left)

  await Promise.all([closed, staying.lanes.close()])
  await ownRedis.quit()
  expect(found).toBe(true)
  expect(leaving.handled).toHaveLength(1)
})
