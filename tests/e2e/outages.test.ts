import { findOrder, findProduct } from '@flashlane/db'
import { queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import { expect, test } from 'vitest'
import { type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import { askEach } from '../support/redis.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane

const hold = (productId: number, headers?: Record<string, string>) =>
  flashlane.api().post('/api/holds', { product_id: productId, qty: 1 }, headers)
const held = async (productId: number) =>
  (await findProduct(flashlane.database, productId))?.held ?? -1
const sellsAgain = (productId: number, withinMs: number) =>
  until(async () => (await hold(productId)).status === 201, {
    withinMs,
    what: 'holds are placed again',
  })

test('Redis away: a hold is answered 503 within a second, a payment 202 into the inbox, applied when Redis is back', async () => {
  flashlane = await startOwnFlashlane({ apis: 2, workers: 2 })
  const productId = await flashlane.product({ stock: 10 })
  const placed = await hold(productId)
  const order = await flashlane.api().post('/api/orders', { hold_id: placed.body['hold_id'] })
  const orderId = String(order.body['order_id'])
  await flashlane.redis.kill()

  const begunAtMs = performance.now()
  const refused = await hold(productId)
  const tookMs = performance.now() - begunAtMs
  const payment = { idempotency_key: 'evt-1', order_id: orderId, status: 'success' }
  const webhook = await flashlane.api().post('/api/payments/webhook', payment)
  const read = await flashlane.api().get(`/api/products/${productId}`)
  await flashlane.redis.restart()

  expect(refused.status).toBe(503)
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  expect(refused.headers.get('retry-after')).toBeTruthy()
  expect(tookMs).toBeLessThan(1_000)
  expect(webhook.status).toBe(202)
  expect(read).toMatchObject({ status: 200, body: { held: 1, available_stock: 9 } })
  await until(async () => (await findOrder(flashlane.database, orderId))?.order.status === 'paid', {
    withinMs: 15_000,
    what: 'the payment is applied',
  })
  // One hold may wait its five seconds: a job that Redis's end cut off is only given to the next worker by then.
  await sellsAgain(productId, 15_000)
  expect(await findProduct(flashlane.database, productId)).toMatchObject({ sold: 1 })
})

test('Redis loses everything under load: what was answered stands, selling resumes within 5 s, lanes are limited again', async () => {
  flashlane = await startOwnFlashlane({ apis: 2, workers: 2 })
  const productId = await flashlane.product({ stock: 100_000 })
  const redis = flashlane.redis.connect()
  const queue = new Queue(queueName(`p${productId}`), { connection: redis })
  let granted = 0
  let uncertain = 0
  const sale = new AbortController()
  const buyers = Array.from({ length: 20 }, async () => {
    while (!sale.signal.aborted) {
      const { status } = await hold(productId)
      if (status === 201) granted++
      else uncertain++
    }
  })
  await until(() => granted > 200, { withinMs: 10_000, what: 'the sale runs' })

  await askEach(redis, async (server) => [await server.flushall()])
  const before = granted
  await until(() => granted > before + 200, { withinMs: 5_000, what: 'the sale goes on' })
  await until(async () => (await queue.getGlobalConcurrency()) === 1, {
    withinMs: 5_000,
    what: 'the lane is limited again',
  })
  sale.abort()
  await Promise.all(buyers)
  await queue.close()
  redis.disconnect()

  const standing = await held(productId)
  expect(standing).toBeGreaterThanOrEqual(granted)
  expect(standing).toBeLessThanOrEqual(granted + uncertain)
})

test('MySQL away: a hold is answered 202 or 503 and nothing is lost; the lane goes on when it is back', async () => {
  flashlane = await startOwnFlashlane({ apis: 1, workers: 1, mysqlProxy: true })
  const productId = await flashlane.product({ stock: 10 })
  const placed = await hold(productId)
  const order = await flashlane.api().post('/api/orders', { hold_id: placed.body['hold_id'] })
  flashlane.mysqlProxy().cut()

  const waiting = await Promise.all(
    Array.from({ length: 5 }, () => hold(productId, { prefer: 'wait=1' })),
  )
  const payment = { idempotency_key: 'evt-1', order_id: order.body['order_id'], status: 'success' }
  const webhook = await flashlane.api().post('/api/payments/webhook', payment)
  flashlane.mysqlProxy().restore()

  expect(waiting.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202])
  expect(webhook.status).toBe(503)
  expect(webhook.headers.get('retry-after')).toBeTruthy()
  for (const { body } of waiting) {
    const outcome = await until(
      async () => {
        const command = await flashlane.api().get(`/api/commands/${String(body['command_id'])}`)
        return command.body['status'] === 'applied' && command.body['outcome']
      },
      { withinMs: 15_000, what: 'the command is applied' },
    )
    expect(outcome).toBe('accepted')
  }
  const again = await flashlane.api().post('/api/payments/webhook', payment)
  expect(again.status).toBe(200)
  expect(await findProduct(flashlane.database, productId)).toMatchObject({ sold: 1, held: 5 })
})

test('MySQL swallows everything for eight seconds: clients are answered in time, and all goes on afterwards', async () => {
  flashlane = await startOwnFlashlane({ apis: 1, workers: 1, mysqlProxy: true })
  const productId = await flashlane.product({ stock: 10 })
  const placed = await hold(productId)
  const holdPath = `/api/holds/${String(placed.body['hold_id'])}`
  flashlane.mysqlProxy().freeze()

  const begunAtMs = performance.now()
  const [waiting, ...reads] = await Promise.all([
    hold(productId, { prefer: 'wait=1' }),
    ...Array.from({ length: 20 }, () => flashlane.api().get(holdPath)),
  ])
  const tookMs = performance.now() - begunAtMs
  await until(() => performance.now() - begunAtMs > 8_000, {
    withinMs: 9_000,
    what: 'eight seconds',
  })
  flashlane.mysqlProxy().restore()

  expect(waiting.status).toBe(202)
  expect(new Set(reads.map(({ status }) => status))).toEqual(new Set([503]))
  expect(tookMs).toBeLessThan(5_000)
  const commandPath = `/api/commands/${String(waiting.body['command_id'])}`
  await until(async () => (await flashlane.api().get(commandPath)).body['status'] === 'applied', {
    withinMs: 15_000,
    what: 'the hold is applied',
  })
  expect((await flashlane.api().get(holdPath)).status).toBe(200)
  await sellsAgain(productId, 5_000)
})
