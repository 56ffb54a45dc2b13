import { connect, readClockMs } from '@flashlane/db'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, required, type TestDatabase } from '../support/database.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'

const POOL_SIZE = 5
const QUERY_MS_MAX = 500
const SILENT_MS_MAX = 10_000
let testDatabase: TestDatabase
let proxy: Proxy

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  const { hostname, port } = new URL(testDatabase.url)
  proxy = await startProxy({ host: hostname, port: Number(port || 3_306) })
})
afterAll(async () => {
  await proxy.close()
  await testDatabase.drop()
})

test('a server that went without a word costs one silent query, not one for each connection of the pool', async () => {
  const database = connect({
    url: proxy.through(testDatabase.url),
    poolSize: POOL_SIZE,
    multipleStatements: false,
    queryMsMax: QUERY_MS_MAX,
  })
  const atOnce = Array.from({ length: POOL_SIZE }, () => readClockMs(database))
  await Promise.all(atOnce)
  proxy.forget()

  const first = await readClockMs(database).catch((error: unknown) => error)
  const second = await readClockMs(database).catch((error: unknown) => error)

  await database.close()
  expect(first).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' })
  expect(second).toBeTypeOf('number')
})

test('a worker’s connection to Redis that fell silent is given up, and what it was asked is answered by the next', async () => {
  const { hostname, port } = new URL(required('REDIS_URL'))
  const redisProxy = await startProxy({ host: hostname, port: Number(port || 6_379) })
  const redis = connectRedis(redisProxy.through(required('REDIS_URL')), { onFault: () => {} })
  redis.on('error', () => {})
  await redis.ping()
  redisProxy.forget()

  const beginMs = performance.now()
  const answer = await Promise.race([redis.ping(), sleep(SILENT_MS_MAX, 'nothing')])
  const tookMs = performance.now() - beginMs

  redis.disconnect()
  await redisProxy.close()
  expect(answer).toBe('PONG')
  expect(tookMs).toBeLessThan(SILENT_MS_MAX)
})
