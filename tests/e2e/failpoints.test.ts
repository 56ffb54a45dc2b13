import { findProduct } from '@flashlane/db'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Api, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Process } from '../support/process.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
let sound: Api

beforeAll(async () => {
  flashlane = await startFlashlane({ workers: 0 })
  sound = flashlane.api()
})

afterAll(() => flashlane.stop())

const broken = (process: Process, point: string, action: string) =>
  until(() => process.output().includes(`failpoint ${point}: ${action}`), {
    withinMs: 30_000,
    what: `${point} is passed\n${process.output()}`,
  })

const applied = (commandId: unknown) =>
  until(async () => (await sound.get(`/api/commands/${String(commandId)}`)).body['result'], {
    withinMs: 30_000,
    what: `${String(commandId)} is applied`,
  })

const held = async (productId: number) =>
  (await findProduct(flashlane.database, productId))?.held ?? -1

test.each([
  'worker.beforeTransaction',
  'worker.afterLock',
  'worker.beforeCommit',
  'worker.afterCommit',
  'worker.beforeJobDone',
])('a worker killed at %s: the next one makes of the hold one hold', async (point) => {
  const productId = await flashlane.product({ stock: 5 })
  const victim = flashlane.startWorker({ FAILPOINTS: `${point}=kill` })
  const queued = await sound.post(
    '/api/holds',
    { product_id: productId, qty: 2 },
    { prefer: 'respond-async' },
  )

  await broken(victim, point, 'kill')
  const code = await victim.ended()
  const before = await held(productId)
  const heir = flashlane.startWorker()
  await applied(queued.body['command_id'])

  expect(code).toBeNull()
  const isCommitted = point === 'worker.afterCommit' || point === 'worker.beforeJobDone'
  expect(before).toBe(isCommitted ? 2 : 0)
  expect(await held(productId)).toBe(2)
  heir.send('SIGTERM')
  await heir.ended()
})

test.each(['api.beforeEnqueue', 'api.afterEnqueue', 'api.beforeReply'])(
  'an api killed at %s: the same key, sent to another, gets one hold',
  async (point) => {
    const productId = await flashlane.product({ stock: 5 })
    const worker = flashlane.startWorker()
    const victim = await flashlane.startApi({ FAILPOINTS: `${point}=kill` })
    const order = { product_id: productId, qty: 2 }
    const key = { 'idempotency-key': randomUUID() }

    const lost = await victim.post('/api/holds', order, key).catch(() => 'no answer')
    await victim.ended()
    const again = await sound.post('/api/holds', order, key)

    expect(victim.output()).toContain(`failpoint ${point}: kill`)
    expect(lost).toBe('no answer')
    expect(again.status).toBe(201)
    expect(await held(productId)).toBe(2)
    worker.send('SIGTERM')
    await worker.ended()
  },
)

test('an api killed at api.afterInbox, a worker frozen at sweeper.middle: the payment still pays', async () => {
  const productId = await flashlane.product({ stock: 5 })
  const worker = flashlane.startWorker({ FAILPOINTS: 'sweeper.middle=stop@3' })
  const victim = await flashlane.startApi({
    FAILPOINTS: 'api.afterInbox=kill',
    WEBHOOK_WAIT_MS: '0',
  })
  const { body: hold } = await sound.post('/api/holds', { product_id: productId, qty: 1 })
  const { body: order } = await sound.post('/api/orders', { hold_id: hold['hold_id'] })
  await broken(worker, 'sweeper.middle', 'stop')
  const event = { idempotency_key: randomUUID(), order_id: order['order_id'], status: 'success' }

  const lost = await victim.post('/api/payments/webhook', event).catch(() => 'no answer')
  await victim.ended()
  const again = await sound.post('/api/payments/webhook', event)
  worker.send('SIGCONT')

  expect(lost).toBe('no answer')
  expect(again.status).toBe(202)
  await until(
    async () =>
      (await sound.get(`/api/orders/${String(order['order_id'])}`)).body['status'] === 'paid',
    { withinMs: 40_000, what: 'the order is paid' },
  )
  worker.send('SIGTERM')
  await worker.ended()
})

test('what is no failpoint ends the process, which names it', async () => {
  const worker = flashlane.startWorker({ FAILPOINTS: 'worker.afterLunch=kill' })

  expect(await worker.ended()).toBe(1)
  expect(worker.output()).toContain('worker.afterLunch=kill is no failpoint')
  expect(worker.output()).toContain('FAILPOINTS')
})
