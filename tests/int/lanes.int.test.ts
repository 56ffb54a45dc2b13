import { queueName } from '@flashlane/core'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { expect, test, vi } from 'vitest'
import { draw } from '@flashlane/worker/draw.ts'
import { makeExpiryBatch } from '@flashlane/worker/expiry-jobs.ts'
import { required } from '../support/database.ts'
import { lanesOn } from '../support/lanes.ts'
import { until } from '../support/until.ts'

test('a lane opened while Redis takes no writes is worked as soon as it does', async () => {
  const redis = connectRedis(required('REDIS_URL'), { onFault: () => {} }) as Redis
  await redis.ping()
  const { lanes, handled } = lanesOn(redis)
  const hset = vi.spyOn(redis, 'hset')
  hset.mockRejectedValueOnce(new Error("OOM command not allowed when used memory > 'maxmemory'."))
  const batch = makeExpiryBatch(draw, { cutoffMs: Date.now(), madeAtMs: Date.now() })

  const lane = lanes.open(`p${Date.now()}`)
  await until(() => hset.mock.calls.length > 0, { withinMs: 5_000, what: 'the lane is opened' })
  await lane.add({ id: batch.batchId, batch })

  const isHandled = await until(() => handled.length > 0, {
    withinMs: 5_000,
    what: 'the lane is worked',
  }).catch(() => false)
  await lanes.close()
  await redis.quit()

  expect(isHandled).toBe(true)
  expect(handled).toEqual([batch.batchId])
})

test('a job that nobody works is found within 4 s, though the first look for it is refused', async () => {
  const redis = connectRedis(required('REDIS_URL'), { onFault: () => {} }) as Redis
  await redis.ping()
  const { lanes, handled } = lanesOn(redis)
  const name = `p${Date.now()}`
  const queue = new Queue(queueName(name), { connection: redis })
  const batch = makeExpiryBatch(draw, { cutoffMs: Date.now(), madeAtMs: Date.now() })
  await queue.add('expiry', batch, { jobId: batch.batchId })
  await redis.lmove(queue.toKey('wait'), queue.toKey('active'), 'RIGHT', 'LEFT')
  const send = redis.sendCommand.bind(redis)
  let refused = 0
  vi.spyOn(redis, 'sendCommand').mockImplementation((command, ...rest) => {
    if (refused > 0 || !command.args.includes(queue.toKey('stalled-check'))) {
      return send(command, ...rest)
    }
    refused++
    command.reject(new Error("OOM command not allowed when used memory > 'maxmemory'."))
    return command.promise
  })

  lanes.open(name)
  await until(() => refused > 0, { withinMs: 5_000, what: 'a look is refused' })
  const isHandled = await until(() => handled.length > 0, {
    withinMs: 4_000,
    what: 'the job is worked',
  }).catch(() => false)
  await lanes.close()
  await queue.close()
  await redis.quit()

  expect(isHandled).toBe(true)
})
