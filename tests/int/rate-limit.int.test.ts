import { randomBytes } from 'node:crypto'
import { Fault } from '@flashlane/api/problem.ts'
import { createRateLimit, type Quota } from '@flashlane/api/rate-limit.ts'
import { connectRedis } from '@flashlane/api/redis.ts'
import { afterAll, expect, test } from 'vitest'
import { required } from '../support/database.ts'
import { until } from '../support/until.ts'

const quota: Quota = { requests: 5, windowS: 60 }
const connections: { disconnect(): void }[] = []
afterAll(() => {
  for (const each of connections) each.disconnect()
})

/** What an api process has of its own. */
async function aProcess(quotaOfIt = quota) {
  const redis = connectRedis(required('REDIS_URL'), { name: 'rate-limit-test', onFault: () => {} })
  connections.push(redis)
  await until(() => redis.status === 'ready', { withinMs: 5_000, what: 'Redis answers' })
  return { redis, count: createRateLimit(redis, { name: 'client', quota: quotaOfIt }) }
}

const somebody = () => randomBytes(8).toString('hex')

/** How many were let through, and what the last of the others was told. */
async function send(counts: readonly ((whose: string) => Promise<unknown>)[], whose: string) {
  let passed = 0
  let refusal: Fault | undefined
  for (const count of counts) {
    try {
      await count(whose)
      passed++
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      refusal = error
    }
  }
  return { passed, refusal }
}

test('processes count together, and each client for himself', async () => {
  const [one, other] = await Promise.all([aProcess(), aProcess()])
  const inTurn = Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one.count : other.count))

  const ann = await send(inTurn, somebody())
  const bob = await send(inTurn, somebody())

  expect(ann.passed).toBe(5)
  expect(bob.passed).toBe(5)
})

test('a request is told what is left, and one too many when to come again', async () => {
  const { count } = await aProcess()
  const ann = somebody()

  const first = await count(ann)
  const { refusal } = await send(Array(5).fill(count), ann)

  expect(first['ratelimit-policy']).toBe('"client";q=5;w=60')
  expect(first.ratelimit).toMatch(/^"client";r=4;t=(59|60)$/)
  expect(refusal?.code).toBe('rate_limited')
  expect(refusal?.headers['ratelimit']).toMatch(/^"client";r=0;t=(59|60)$/)
  expect(refusal?.headers['retry-after']).toMatch(/^(59|60)$/)
})

test('when the window is over, there is a new one', async () => {
  const { count } = await aProcess({ requests: 1, windowS: 1 })
  const ann = somebody()
  const burst = await send(Array(3).fill(count), ann)

  const isLetThrough = () =>
    count(ann).then(
      () => true,
      () => false,
    )

  expect(burst.passed).toBe(1)
  await until(isLetThrough, { withinMs: 5_000, what: 'the next window' })
})

test('while Redis is away, a process counts for itself', async () => {
  const { redis, count } = await aProcess()
  redis.disconnect()
  await until(() => redis.status === 'end', { withinMs: 5_000, what: 'the connection is closed' })

  const { passed, refusal } = await send(Array(8).fill(count), somebody())

  expect(passed).toBe(5)
  expect(refusal?.code).toBe('rate_limited')
})
