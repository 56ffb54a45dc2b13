import { findProduct } from '@flashlane/db'
import { expect, test } from 'vitest'
import { type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import { askEach } from '../support/redis.ts'
import { untilTold, withKey } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane

const lanesInRedis = async (): Promise<string[]> => {
  const redis = flashlane.redis.connect()
  const keys = await askEach(redis, (server) => server.keys('bull:{flashlane-*}:meta'))
  redis.disconnect()
  return keys.map((key) => /flashlane-(\w+)/.exec(key)?.[1] ?? '').toSorted()
}

test('a product made while workers run is sold at once, in a lane of its own', async () => {
  flashlane = await startOwnFlashlane({ apis: 1, workers: 2 })

  const productId = await flashlane.product({ stock: 1 })
  const answer = await flashlane.api().post('/api/holds', { product_id: productId, qty: 1 })

  expect(answer.status).toBe(201)
  expect(await lanesInRedis()).toEqual(['canary', `p${productId}`])
})

test('with shared lanes, six products go through two, none is oversold, and due holds come back', async () => {
  flashlane = await startOwnFlashlane({
    apis: 2,
    workers: 2,
    env: { LANES: 'shared:2', HOLD_TTL_S: '3' },
  })
  const productIds: number[] = []
  for (let n = 0; n < 6; n++) productIds.push(await flashlane.product({ stock: 10 }))

  const answers = await Promise.all(
    Array.from({ length: 180 }, (_, n) =>
      untilTold(() =>
        flashlane
          .api()
          .post('/api/holds', { product_id: productIds[n % 6], qty: 1 }, withKey(`buyer ${n}`)),
      ),
    ),
  )

  expect(answers.filter(({ status }) => status === 201)).toHaveLength(60)
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(120)
  expect(await lanesInRedis()).toEqual(['canary', 's0', 's1'])
  const heldNow = () => Promise.all(productIds.map((id) => findProduct(flashlane.database, id)))
  expect((await heldNow()).map((product) => product?.held)).toEqual([10, 10, 10, 10, 10, 10])
  await until(async () => (await heldNow()).every((product) => product?.held === 0), {
    withinMs: 12_000,
    what: 'all holds come back',
  })
})

test('a process whose LANES differs from the layout that stands refuses to start, and says what to do', async () => {
  flashlane = await startOwnFlashlane({ apis: 1, workers: 1 })

  const worker = flashlane.startWorker({ LANES: 'shared:4' })

  expect(await worker.ended()).toBe(1)
  expect(worker.output()).toContain('LANES')
  await expect(flashlane.startApi({ LANES: 'shared:4' })).rejects.toThrow('LANES')
})

test('a wrong setting stops a worker at start, and every fault is named', async () => {
  flashlane = await startOwnFlashlane({ apis: 0, workers: 0 })
  const worker = flashlane.startWorker({
    MYSQL_POOL_SIZE: 'many',
    LANES: 'sideways',
    REDIS_URL: 'x',
  })

  expect(await worker.ended()).toBe(1)
  for (const name of ['MYSQL_POOL_SIZE', 'LANES', 'REDIS_URL'])
    expect(worker.output()).toContain(name)
})
