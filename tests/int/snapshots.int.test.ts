import { createSnapshots } from '@flashlane/api/snapshots.ts'
import { queueName } from '@flashlane/core'
import { aProduct } from '@flashlane/core/builders.ts'
import { createRunIds } from '@flashlane/redis'
import { publish } from '@flashlane/worker/after-commit.ts'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestRedis, type TestRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const LANE = 'p1'
const nobody = (): never => {
  throw new Error('nothing should have failed')
}

let server: TestRedis
let redis: Redis
beforeAll(async () => {
  server = await startTestRedis({ isCluster: false })
  redis = new Redis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

test('a Redis that is full shows no snapshot rather than an old one, and who waits is told', async () => {
  const [old, latest] = [1, 2].map((version) => ({ ...aProduct(), productId: 1, version }))
  const runIds = createRunIds(redis, nobody)
  const runId = await runIds.ask(queueName(LANE))
  const told: string[] = []
  const subscriber = new Redis(server.url)
  subscriber.on('message', (_channel, message) => told.push(message))
  await subscriber.subscribe('flashlane:replies:me')
  const show = (product: typeof old, batchId: string) =>
    publish(redis, runId, {
      lane: LANE,
      products: product ? [product] : [],
      commandIds: [],
      reply: { to: 'me', batchId, outcomes: [] },
      depth: 0,
    })
  const sources: string[] = []
  const snapshots = createSnapshots({
    redis,
    laneOf: () => LANE,
    findProduct: async () => latest ?? null,
    readFrom: (source) => sources.push(source),
    onFault: () => {},
  })
  await show(old, 'one')
  await until(async () => (await snapshots.read(1))?.version === 1, {
    withinMs: 5_000,
    what: 'the old snapshot is shown',
  })

  await redis.config('SET', 'maxmemory', '1')
  await show(latest, 'two')
  await until(async () => told.length === 2, { withinMs: 5_000, what: 'both are told' })
  const shown = await snapshots.read(1)
  await redis.config('SET', 'maxmemory', '0')
  subscriber.disconnect()

  expect(shown?.version).toBe(2)
  expect(sources.at(-1)).toBe('mysql')
})
