import { createLanes } from '@flashlane/worker/lanes.ts'
import { createMetrics } from '@flashlane/worker/metrics.ts'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { makeUntilDone } from '@flashlane/worker/until-done.ts'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { draw } from '@flashlane/worker/draw.ts'
import { makeExpiryBatch } from '@flashlane/worker/expiry-jobs.ts'
import { required } from '../support/database.ts'
import { until } from '../support/until.ts'

test('a lane opened while Redis takes no writes is worked as soon as it does', async () => {
  const redis = connectRedis(required('REDIS_URL'), { onFault: () => {} })
  await redis.ping()
  const log = pino({ level: 'silent' })
  const handled: string[] = []
  const lanes = createLanes({
    redis,
    handle: (_lane, { batchId }) => Promise.resolve(void handled.push(batchId)),
    nowMs: Date.now,
    bury: () => Promise.resolve(),
    untilDone: makeUntilDone(log),
    metrics: createMetrics(),
    log,
    onFault: () => {},
    signal: new AbortController().signal,
  })
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
