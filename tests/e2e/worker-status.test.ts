import { expect, test } from 'vitest'
import { alerts } from '../../scripts/docs-settings.mjs'
import { freePort } from '../../scripts/services.mjs'
import { type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import { dashboardExpressions, metricsOf, scrape, statusUrl } from '../support/metrics.ts'
import type { Process } from '../support/process.ts'
import { placeHold, placeOrder } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane

const firstWorker = (): Process => {
  const [worker] = flashlane.workers
  if (!worker) throw new Error('no worker runs')
  return worker
}

const asked = async (url: string, path: string) => {
  const answer = await fetch(url + path)
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

test('a worker counts what became of commands, and what waits for operators', async () => {
  flashlane = await startOwnFlashlane({ env: { METRICS_LANES: '10' } })
  const url = await statusUrl(firstWorker())
  const productId = await flashlane.product({ stock: 2 })
  const hold = () => placeHold(flashlane, { product_id: productId })
  const order_id = await placeOrder(flashlane, { hold_id: await hold() })
  const other_id = await placeOrder(flashlane, { hold_id: await hold() })
  await flashlane.api().post('/api/holds', { product_id: productId, qty: 1 })
  const pay = (body: object) => flashlane.api().post('/api/payments/webhook', body)
  await pay({ id: 'mismatched', order_id: other_id, status: 'success', amount: 1, currency: 'USD' })
  await pay({ id: 'right', order_id, payment_intent_id: 'pi_right', status: 'success' })
  await pay({ id: 'nobodys', payment_intent_id: 'pi_nobodys', status: 'success' })

  const { valueOf } = await scrape(url)

  const outcomes = (labels: Record<string, string>) =>
    valueOf('flash_worker_outcomes_total', labels)
  expect(outcomes({ command: 'PlaceHold', outcome: 'accepted', reason: '' })).toBe(2)
  expect(outcomes({ command: 'PlaceHold', outcome: 'refused', reason: 'insufficient_stock' })).toBe(
    1,
  )
  expect(outcomes({ command: 'RecordPayment', reason: 'payment_mismatch' })).toBe(1)
  expect(outcomes({ command: 'RecordPayment', reason: 'applied' })).toBe(1)
  expect(valueOf('flash_worker_wait_seconds_count')).toBe(7)
  expect(valueOf('flash_worker_apply_seconds_count')).toBe(7)
  expect(valueOf('flash_worker_batch_commands_sum')).toBe(7)
  expect(valueOf('flash_lanes_open')).toBe(2)
  expect(valueOf('flash_lanes_commands_waiting')).not.toBeNull()
  expect(valueOf('flash_redis_connects_total', { connection: 'lanes' })).toBe(1)
  expect(valueOf('flash_mysql_pool_connections', { state: 'idle' })).toBeGreaterThan(0)
  expect(valueOf('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
  await until(
    async () => {
      const seen = await scrape(url)
      const count = (what: string) => seen.valueOf('flash_backlog', { what })
      return count('refunds_due') === 1 && count('waiting_payments') === 1
    },
    { withinMs: 10_000, what: 'the backlog is asked for again', everyMs: 500 },
  )
})

test('every metric that the alerts and the dashboard ask for is told by a live api or worker', async () => {
  flashlane = await startOwnFlashlane({ env: { METRICS_LANES: '1' } })
  const [ofApi, ofWorker] = await Promise.all([
    scrape(flashlane.api().url),
    scrape(await statusUrl(firstWorker())),
  ])

  const asked = [...alerts().map(({ expr }) => expr), ...dashboardExpressions()]
  const told = ofApi.names.union(ofWorker.names)
  expect(asked.flatMap(metricsOf).filter((name) => !told.has(name))).toEqual([])
})

test('a worker is ready once it works its lanes, and not while it has no Redis; it lives all the time', async () => {
  flashlane = await startOwnFlashlane()
  const url = await statusUrl(firstWorker())
  expect(await asked(url, '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
  expect(await asked(url, '/livez')).toMatchObject({ status: 200 })
  expect(await asked(url, '/elsewhere')).toMatchObject({ status: 404 })

  await flashlane.redis.kill()

  const unready = await until(
    async () => {
      const answer = await asked(url, '/readyz')
      return answer.status === 503 && answer
    },
    { withinMs: 5_000, what: 'the worker says that it is not ready' },
  )
  expect(unready.body).toMatchObject({ checks: { redis: 'failed', mysql: 'ok', lanes: 'ok' } })
  expect(await asked(url, '/livez')).toMatchObject({ status: 200 })
  const { valueOf } = await scrape(url)
  expect(valueOf('flash_backlog', { what: 'refunds_due' })).toBe(0)
  await flashlane.redis.restart()
  await until(async () => (await asked(url, '/readyz')).status === 200, {
    withinMs: 10_000,
    what: 'the worker is ready again',
  })
  await until(
    async () =>
      (await scrape(url)).valueOf('flash_redis_connects_total', { connection: 'lanes' }) === 2,
    { withinMs: 5_000, what: 'the reconnect is counted' },
  )
})

test('a worker whose port is taken sells, and takes the port when it is free', async () => {
  const port = String(await freePort())
  flashlane = await startOwnFlashlane({ env: { METRICS_PORT: port } })
  const first = firstWorker()
  const second = flashlane.startWorker()
  await until(() => second.output().includes('no metrics on this port'), {
    withinMs: 20_000,
    what: 'the second worker finds the port taken',
  })
  first.send('SIGTERM')
  await first.ended()

  await placeHold(flashlane, { product_id: await flashlane.product({ stock: 1 }) })
  expect(await statusUrl(second)).toBe(`http://127.0.0.1:${port}`)
  expect(await asked(`http://127.0.0.1:${port}`, '/readyz')).toMatchObject({ status: 200 })
})
