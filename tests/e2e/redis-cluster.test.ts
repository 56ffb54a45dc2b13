/** What a Redis Cluster has beyond one server: lanes on several masters, one of which may die, and slots that move. */
import { queueName } from '@flashlane/core'
import { findProduct } from '@flashlane/db'
import { eachServer, serverOf } from '@flashlane/redis'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import { moveSlot } from '../support/redis.ts'
import { placeHold, placeOrder } from '../support/shop.ts'
import { until } from '../support/until.ts'

let sale: Flashlane

const start = async (): Promise<void> => {
  sale = await startOwnFlashlane({ apis: 2, workers: 2, isRedisCluster: true })
}

const laneOf = (productId: number): string => queueName(`p${productId}`)
const hold = (productId: number, headers?: Record<string, string>) =>
  sale.api().post('/api/holds', { product_id: productId, qty: 1 }, headers)
const shown = async (productId: number) => (await sale.api().get(`/api/products/${productId}`)).body

/** One product for each master, and which port serves its lane. */
async function productOfEachMaster(stock: number): Promise<ReadonlyMap<number, number>> {
  const redis = sale.redis.connect()
  await redis.ping()
  const byPort = new Map<number, number>()
  while (byPort.size < sale.redis.servers().length) {
    const productId = await sale.product({ stock })
    const port = serverOf(redis, laneOf(productId))?.options.port ?? 0
    if (!byPort.has(port)) byPort.set(port, productId)
  }
  redis.disconnect()
  return byPort
}

/** Its neighbours say so; until then they send whoever asks to it. */
async function othersCountAsLost(port: number | undefined): Promise<void> {
  const other = sale.redis.servers().find((server) => server.port !== port)
  const client = new Redis(other?.url ?? '')
  await until(async () => /master,fail /.test(String(await client.cluster('NODES'))), {
    withinMs: 15_000,
    what: 'the master counts as lost',
  })
  client.disconnect()
}

test('products on all three masters are held, ordered and paid, and whoever has an answer reads its effect', async () => {
  await start()
  const products = [...(await productOfEachMaster(10)).values()]

  for (const productId of products) {
    const holdId = await placeHold(sale, { product_id: productId, qty: 2 })
    expect(await shown(productId)).toMatchObject({ held: 2, available_stock: 8 })
    const orderId = await placeOrder(sale, { hold_id: holdId })
    await sale.api().post('/api/payments/webhook', {
      idempotency_key: `evt-${productId}`,
      order_id: orderId,
      status: 'success',
    })
    expect(await shown(productId)).toMatchObject({ held: 0, sold: 2, available_stock: 8 })
    const queued = await hold(productId, { prefer: 'respond-async' })
    expect(queued.status).toBe(202)
    await until(
      async () =>
        (await sale.api().get(String(queued.headers.get('location')))).body['status'] === 'applied',
      { withinMs: 5_000, what: 'the queued hold is applied' },
    )
  }
})

test('a master that is killed stops its own lanes only, and they go on when it is back', async () => {
  await start()
  const products = await productOfEachMaster(1_000)
  const [lost, ...others] = [...products.values()]
  const [lostPort] = [...products.keys()]
  const master = sale.redis.servers().find(({ port }) => port === lostPort)
  if (lost === undefined || !master) throw new Error('no master has a product')
  const lostBefore = await hold(lost)

  await master.kill()
  await othersCountAsLost(lostPort)
  const refused = await hold(lost)
  const served = await Promise.all(
    others.flatMap((productId) => Array.from({ length: 20 }, () => hold(productId))),
  )
  const read = await shown(lost)
  await sale.redis.restart()

  expect(lostBefore.status).toBe(201)
  expect(refused.status).toBe(503)
  expect(new Set(served.map(({ status }) => status))).toEqual(new Set([201]))
  expect(read).toMatchObject({ held: 1 })
  await until(async () => (await hold(lost)).status === 201, {
    withinMs: 15_000,
    what: 'the lane of the master that came back goes on',
  })
})

test('a lane whose slot moves to another master under load: every hold is answered, and no read goes back', async () => {
  await start()
  const productId = await sale.product({ stock: 100_000 })
  const watch = sale.redis.connect()
  await watch.ping()
  const masters: Redis[] = []
  eachServer(watch, (server) => masters.push(server))
  const from = serverOf(watch, laneOf(productId))
  const to = masters.find((server) => server !== from)
  if (!from || !to) throw new Error('there is no other master')
  const statuses: number[] = []
  const backwards: number[] = []
  const end = new AbortController()
  const buyers = Array.from({ length: 8 }, async () => {
    while (!end.signal.aborted) {
      const answer = await hold(productId)
      statuses.push(answer.status)
      if (answer.status !== 201) continue
      const version = Number((await shown(productId))['version'])
      if (version < Number(answer.body['version'])) backwards.push(version)
    }
  })
  await until(() => statuses.length > 100, { withinMs: 15_000, what: 'the sale runs' })

  await moveSlot({ from, to, key: laneOf(productId) })
  const moved = statuses.length
  await until(() => statuses.slice(moved).filter((status) => status === 201).length > 100, {
    withinMs: 15_000,
    what: 'the sale goes on at the other master',
  })
  end.abort()
  await Promise.all(buyers)
  watch.disconnect()

  expect(backwards).toEqual([])
  const granted = statuses.filter((status) => status === 201).length
  const uncertain = statuses.length - granted
  expect(statuses.every((status) => [201, 202, 503].includes(status))).toBe(true)
  const held = (await findProduct(sale.database, productId))?.held ?? -1
  expect(held).toBeGreaterThanOrEqual(granted)
  expect(held).toBeLessThanOrEqual(granted + uncertain)
})
