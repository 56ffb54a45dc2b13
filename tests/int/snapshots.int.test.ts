import { createSnapshots } from '@flashlane/api/snapshots.ts'
import { packReply, type Product, type Published, queueName } from '@flashlane/core'
import { aProduct } from '@flashlane/core/builders.ts'
import { createRunIds } from '@flashlane/redis'
import { publish } from '@flashlane/worker/after-commit.ts'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestRedis, type TestRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

type SnapshotsDeps = Parameters<typeof createSnapshots>[0]

const LANE = 'p1'
const nobody = (): never => {
  throw new Error('nothing should have failed')
}

const snapshotsFor = (
  reader: Redis,
  latest: Product,
  { readFrom = () => {}, onFault = () => {} }: Partial<SnapshotsDeps> = {},
) =>
  createSnapshots({
    redis: reader,
    laneOf: () => LANE,
    findProduct: async () => latest,
    readFrom,
    onFault,
  })
const versions = (productId: number): [Product, Product] => [
  { ...aProduct(), productId, version: 1 },
  { ...aProduct(), productId, version: 2 },
]
const replyTo = (batchId: string): Published['reply'] => ({
  to: 'me',
  message: packReply({ batchId, commands: [], outcomes: [], depth: 0 }),
})
const show = (runId: string, product: Product, reply: Published['reply'] = null) =>
  publish(redis, runId, { lane: LANE, products: [product], batchId: 'a-batch', reply })

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
  const [old, latest] = versions(1)
  const runIds = createRunIds(redis, nobody)
  const runId = await runIds.ask(queueName(LANE))
  const told: string[] = []
  const subscriber = new Redis(server.url)
  subscriber.on('message', (_channel, message) => told.push(message))
  await subscriber.subscribe('flashlane:replies:me')
  const sources: string[] = []
  const snapshots = snapshotsFor(redis, latest, { readFrom: (source) => sources.push(source) })
  await show(runId, old, replyTo('one'))
  await until(async () => (await snapshots.read(1))?.version === 1, {
    withinMs: 5_000,
    what: 'the old snapshot is shown',
  })

  await redis.config('SET', 'maxmemory', '1')
  await show(runId, latest, replyTo('two'))
  await until(async () => told.length === 2, { withinMs: 5_000, what: 'both are told' })
  const shown = await snapshots.read(1)
  await redis.config('SET', 'maxmemory', '0')
  subscriber.disconnect()

  expect(shown?.version).toBe(2)
  expect(sources.at(-1)).toBe('mysql')
})

test('a Redis that takes no writes shows no snapshot, nor the old one when it takes them again', async () => {
  const [old, latest] = versions(2)
  const runId = await createRunIds(redis, nobody).ask(queueName(LANE))
  const reader = new Redis(server.url)
  const snapshots = snapshotsFor(reader, latest)
  await until(async () => (await snapshots.read(2)) !== null && reader.status === 'ready', {
    withinMs: 5_000,
    what: 'Redis is read',
  })
  await redis.flushall()
  await show(runId, old)
  const before = await snapshots.read(2)

  await redis.replicaof('127.0.0.1', '1')
  const meanwhile = await snapshots.read(2)
  await redis.replicaof('NO', 'ONE')
  const afterwards = await snapshots.read(2)
  reader.disconnect()

  expect([before, meanwhile, afterwards].map((product) => product?.version)).toEqual([1, 2, 2])
})

test('a worker that takes another server for the lane’s leaves no older snapshot to be shown', async () => {
  const [old, latest] = versions(3)
  const runId = await createRunIds(redis, nobody).ask(queueName(LANE))
  const reader = new Redis(server.url)
  const snapshots = snapshotsFor(reader, latest, { onFault: nobody })
  await show(runId, old)
  await until(async () => (await snapshots.read(3))?.version === 1, {
    withinMs: 5_000,
    what: 'the old snapshot is shown',
  })

  await show('another', latest)
  const shown = await snapshots.read(3)
  reader.disconnect()

  expect(shown?.version).toBe(2)
})
