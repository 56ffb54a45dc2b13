import { productChannel } from '@flashlane/core'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBatch, anAdjustStock } from '../support/commands.ts'
import { type EventStream, openEventStream } from '../support/event-stream.ts'
import {
  type Api,
  type Flashlane,
  startFlashlane,
  startOwnFlashlane,
} from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import type { Process } from '../support/process.ts'
import { askEach } from '../support/redis.ts'
import { until } from '../support/until.ts'

const ASYNC = { prefer: 'respond-async' }

/** Of all tests but those that end a part of it or set it otherwise. */
let shared: Flashlane

beforeAll(async () => {
  shared = await startFlashlane({ apis: 2, workers: 1 })
})
afterAll(() => shared.stop())

const eventsOf = (api: Api, productId: number, headers?: Record<string, string>) =>
  openEventStream(`${api.url}/api/products/${productId}/events`, headers)
const hold = (api: Api, productId: number, headers?: Record<string, string>) =>
  api.post('/api/holds', { product_id: productId, qty: 1 }, headers)
const commandOf = ({ body }: Answer): string => `/api/commands/${String(body['command_id'])}`
const reaches = (stream: EventStream, version: number, withinMs = 2_000) =>
  until(() => (stream.versions().at(-1) ?? 0) >= version, {
    withinMs,
    what: `version ${version} is shown\n${stream.text()}`,
  })

/** One of an api's gauges, as its operator reads it. */
async function gauge({ url }: Api, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

test('a product is followed through any api: what GET shows, at once and after every change, never backwards', async () => {
  const sale = shared
  const [one, other] = sale.apis as [Api, Api]
  const productId = await sale.product({ stock: 1_000 })
  const streams = [await eventsOf(one, productId), await eventsOf(other, productId)]
  for (const stream of streams) await reaches(stream, 1)

  for (let i = 0; i < 30; i++) {
    const { body } = await hold(i % 2 === 0 ? one : other, productId)
    const version = Number(body['version'])
    const late = await eventsOf(i % 2 === 0 ? other : one, productId)
    await until(() => late.events().length > 0, { withinMs: 2_000, what: 'the snapshot comes' })
    expect(late.versions()[0]).toBeGreaterThanOrEqual(version)
    await late.close()
  }

  const { body: product } = await one.get(`/api/products/${productId}`)
  for (const stream of streams) {
    await reaches(stream, Number(product['version']))
    const versions = stream.versions()
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
    expect(stream.events().at(-1)?.data).toEqual(product)
    await stream.close()
  }
})

test('a client that comes back with the current version is sent nothing until it changes; an unknown product is 404', async () => {
  const sale = shared
  const api = sale.apis[0] as Api
  const productId = await sale.product({ stock: 10 })
  const first = await eventsOf(api, productId)
  await reaches(first, 1)
  await first.close()

  const again = await eventsOf(api, productId, { 'last-event-id': '1' })
  await until(() => again.text().startsWith('retry: '), { withinMs: 2_000, what: 'it is open' })
  const { body } = await hold(api, productId)
  await reaches(again, Number(body['version']))
  const unknown = await eventsOf(api, productId + 1)

  expect(again.versions()).toEqual([Number(body['version'])])
  expect(unknown.status).toBe(404)
  await again.close()
})

test('200 streams opened and closed leave no watcher and no subscription', async () => {
  const sale = shared
  const api = sale.apis[0] as Api
  const productId = await sale.product({ stock: 10 })
  const redis = sale.redis.connect()
  const subscribed = async () => {
    const counts = await askEach(redis, async (server) => {
      const [, count] = await server.pubsub('NUMSUB', productChannel(productId))
      return [Number(count)]
    })
    return counts.reduce((sum, count) => sum + count, 0)
  }
  const streams = await Promise.all(Array.from({ length: 200 }, () => eventsOf(api, productId)))
  await Promise.all(streams.map((stream) => reaches(stream, 1, 10_000)))
  const during = [
    await gauge(api, 'flash_api_streams'),
    await gauge(api, 'flash_api_watched_products'),
    await subscribed(),
  ]

  await Promise.all(streams.map((stream) => stream.close()))
  await until(async () => (await gauge(api, 'flash_api_streams')) === 0, {
    withinMs: 5_000,
    what: 'no stream is open',
  })

  expect(during).toEqual([200, 1, 1])
  expect(await gauge(api, 'flash_api_watched_products')).toBe(0)
  await until(async () => (await subscribed()) === 0, {
    withinMs: 2_000,
    what: 'nobody is subscribed',
  })
  redis.disconnect()
})

test('a stream outlives the time within which a request must come, and has a heartbeat', async () => {
  const sale = shared
  const productId = await sale.product({ stock: 10 })
  const stream = await eventsOf(sale.apis[0] as Api, productId)

  await until(() => stream.text().includes('\n:\n'), { withinMs: 17_000, what: 'a heartbeat' })
  const { body } = await hold(sale.apis[0] as Api, productId)
  await reaches(stream, Number(body['version']))

  expect(stream.text()).toContain('\n:\n')
  await stream.close()
})

test('Redis lost: streams stay open, show what MySQL has, and go on when Redis is back', async () => {
  const sale = await startOwnFlashlane({ apis: 2, workers: 1 })
  const productId = await sale.product({ stock: 10 })
  const streams = await Promise.all(sale.apis.map((api) => eventsOf(api, productId)))
  const { body } = await hold(sale.api(), productId)
  const version = Number(body['version'])
  for (const stream of streams) await reaches(stream, version)
  await sale.redis.kill()

  // A worker that had committed when Redis went away, and could not tell.
  const store = createStore(sale.database, pino({ level: 'silent' }))
  await applyBatch(store, aBatch([anAdjustStock(productId, { set: 11 })]))
  for (const stream of streams) await reaches(stream, version + 1, 5_000)
  await sale.redis.restart()
  const sold = await until(
    async () => {
      const answer = await hold(sale.api(), productId)
      return answer.status === 201 && answer.body
    },
    { withinMs: 15_000, what: 'holds are placed again' },
  )

  for (const stream of streams) {
    await reaches(stream, Number(sold['version']), 5_000)
    expect(stream.isOver()).toBe(false)
    await stream.close()
  }
})

test('a queued command is awaited through an api that did not send it: polls and events', async () => {
  const sale = shared
  const [sender, other] = sale.apis as [Api, Api]
  const worker = sale.workers[0] as Process
  const productId = await sale.product({ stock: 1 })
  await hold(sender, productId)
  worker.send('SIGSTOP')
  const queued = await hold(sender, productId, ASYNC)
  const path = commandOf(queued)

  const begunMs = performance.now()
  const early = await other.get(`${path}?wait=1`)
  const waitedMs = performance.now() - begunMs
  const polls = [sender, other].map((api) => api.get(`${path}?wait=30`))
  const streams = await Promise.all(
    [sender, other].map((api) => openEventStream(`${api.url}${path}/events`)),
  )
  for (const stream of streams) {
    await until(() => stream.events().length > 0, { withinMs: 2_000, what: 'it is queued' })
  }
  worker.send('SIGCONT')
  const answers = await Promise.all(polls)
  const final = await sender.get(path)

  expect(queued.status).toBe(202)
  expect(queued.headers.get('location')).toBe(path)
  expect(queued.headers.get('retry-after')).toBe('1')
  expect(early).toMatchObject({ status: 200, body: { status: 'queued' } })
  // The hold before it may be applied, and still in the stopped worker's hands.
  expect(Number(early.body['position'])).toBeLessThanOrEqual(1)
  expect(early.headers.get('retry-after')).toBe('1')
  expect(waitedMs).toBeGreaterThanOrEqual(990)
  expect(final.body).toMatchObject({ status: 'applied', outcome: 'refused', http_status: 409 })
  for (const answer of answers) expect(answer.body).toEqual(final.body)
  for (const stream of streams) {
    await until(() => stream.isOver(), { withinMs: 5_000, what: `it ends\n${stream.text()}` })
    const events = stream.events()
    expect(events.at(-1)).toMatchObject({ event: 'applied', data: final.body })
    expect(events.slice(0, -1).every(({ event }) => event === 'queued')).toBe(true)
  }
})

test('polls of a command say queued, then its outcome, and never change again', async () => {
  const sale = shared
  const productId = await sale.product({ stock: 20 })
  const queued = await Promise.all(
    // With keys: without one, an api may refuse what is sold out at once, and sends no command.
    Array.from({ length: 40 }, (_, n) =>
      hold(sale.api(), productId, { ...ASYNC, 'idempotency-key': `poll-${n}` }),
    ),
  )

  const histories = await Promise.all(
    queued.map(async (answer) => {
      const history: string[] = []
      let applied = 0
      await until(
        async () => {
          const { status, body } = await sale.api().get(commandOf(answer))
          expect(status).toBe(200)
          if (body['status'] === 'applied') {
            history.push(JSON.stringify(body))
            applied++
          } else history.push('queued')
          return applied === 5
        },
        { withinMs: 20_000, what: 'the command is applied' },
      )
      return history
    }),
  )

  for (const history of histories) {
    const queuedTimes = history.filter((each) => each === 'queued').length
    expect(new Set(history.slice(queuedTimes)).size).toBe(1)
    expect(history.slice(0, queuedTimes).every((each) => each === 'queued')).toBe(true)
  }
  const granted = histories.filter((history) => history.at(-1)?.includes('"accepted"'))
  expect(granted).toHaveLength(20)
})

test('a 202 and a poll tell how many stand before a command, and when its turn comes once the lane moves', async () => {
  const sale = await startOwnFlashlane({ apis: 2, workers: 1, env: { BATCH_MAX: '1' } })
  const [sender, other] = sale.apis as [Api, Api]
  const worker = sale.workers[0] as Process
  const productId = await sale.product({ stock: 5_000 })
  await hold(sender, productId)
  worker.send('SIGSTOP')
  for (let i = 0; i < 39; i++) await hold(sender, productId, ASYNC)

  const last = await hold(sender, productId, ASYNC)
  const poll = await other.get(commandOf(last))
  worker.send('SIGCONT')
  const stream = await openEventStream(`${other.url}${commandOf(last)}/events`)
  await until(() => stream.isOver(), { withinMs: 20_000, what: `it is applied\n${stream.text()}` })

  // One may be in the stopped worker's hands.
  expect(Number(last.body['position'])).toBeGreaterThanOrEqual(38)
  expect(Number(last.body['position'])).toBeLessThanOrEqual(40)
  expect(last.body).not.toHaveProperty('eta_ms')
  expect(poll.body).toMatchObject({ status: 'queued', position: last.body['position'] })
  expect(poll.body).not.toHaveProperty('eta_ms')

  // A lane that is fed more than it can take is a moving one.
  const feeding = { isOver: false }
  const buyers = Array.from({ length: 40 }, async (_, n) => {
    while (!feeding.isOver) await hold(n % 2 === 0 ? sender : other, productId, ASYNC)
  })
  const moving = await until(
    async () => {
      const { body } = await hold(sender, productId, ASYNC)
      return body['eta_ms'] !== undefined && Number(body['position']) > 0 && body
    },
    { withinMs: 20_000, what: 'an eta is told' },
  )
  feeding.isOver = true
  await Promise.all(buyers)

  expect(Number(moving['eta_ms'])).toBeGreaterThan(0)
})

test('SIGTERM: streams end and polls are answered promptly, and the process with them', async () => {
  const sale = await startOwnFlashlane({ apis: 1, workers: 1 })
  const staying = sale.apis[0] as Api
  const leaving = await sale.startApi({ DRAIN_DELAY_MS: '100' })
  const worker = sale.workers[0] as Process
  const productId = await sale.product({ stock: 10 })
  await hold(staying, productId)
  worker.send('SIGSTOP')
  const queued = await hold(staying, productId, ASYNC)
  const path = commandOf(queued)
  const streams = [
    await eventsOf(leaving, productId),
    await openEventStream(`${leaving.url}${path}/events`),
  ]
  const poll = leaving.get(`${path}?wait=30`)
  await until(async () => (await gauge(leaving, 'flash_api_polls')) === 1, {
    withinMs: 5_000,
    what: 'the poll waits',
  })

  const begunMs = performance.now()
  leaving.send('SIGTERM')
  const code = await leaving.ended()
  const tookMs = performance.now() - begunMs
  worker.send('SIGCONT')

  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(3_000)
  expect(await poll).toMatchObject({ status: 200, body: { status: 'queued' } })
  for (const stream of streams) {
    await until(() => stream.isOver(), { withinMs: 1_000, what: 'the stream has ended in order' })
  }
})
