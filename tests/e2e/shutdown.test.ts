import { queueName } from '@flashlane/core'
import { findProduct } from '@flashlane/db'
import { Queue } from 'bullmq'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type Api, type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import type { Process } from '../support/process.ts'
import { until } from '../support/until.ts'

const said = (process: Process, what: string) =>
  until(() => process.output().includes(what), {
    withinMs: 10_000,
    what: `it says ${what}\n${process.output()}`,
  })
const outcomeOf = (api: Api, answer: Answer) =>
  until(
    async () => {
      const { body } = await api.get(`/api/commands/${String(answer.body['command_id'])}`)
      return body['status'] === 'applied' && body
    },
    { withinMs: 15_000, what: 'the command is applied' },
  )

/** Keeps a product's row locked, so that a worker stands in the middle of its transaction; returns what lets it go. */
async function lockProduct(sale: Flashlane, productId: number): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const done = sale.database.db.transaction().execute(async (trx) => {
    await sql`select * from products where product_id = ${productId} for update`.execute(trx)
    locked.resolve()
    await release.promise
  })
  await locked.promise
  return async () => {
    release.resolve()
    await done
  }
}

/** Somebody waits for a row lock of this schema. */
const isBlocked = (sale: Flashlane) =>
  until(
    async () => {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from information_schema.innodb_trx t
        join information_schema.processlist p on p.id = t.trx_mysql_thread_id
        where t.trx_state = 'LOCK WAIT' and p.db = database()
      `.execute(sale.database.db)
      return Number(rows[0]?.n) > 0
    },
    // InnoDB shows what it showed before to whoever asks again within a tenth of a second.
    { withinMs: 1_800, everyMs: 150, what: 'the worker waits for the lock' },
  )

const waitingJobs = async (sale: Flashlane, productId: number): Promise<number> => {
  const redis = sale.redis.connect()
  const queue = new Queue(queueName(`p${productId}`), { connection: redis })
  const count = await queue.getJobCountByTypes('wait', 'active')
  await queue.close()
  redis.disconnect()
  return count
}

test('SIGTERM to a worker in the middle of a batch: the batch is finished and answered, and nothing overtakes it', async () => {
  // Who waits sees a whole process start, beside those of other tests.
  const sale = await startOwnFlashlane({ workers: 1, env: { WAIT_S: '30' } })
  const productId = await sale.product({ stock: 1 })
  const leaving = sale.workers[0] as Process
  const unlock = await lockProduct(sale, productId)
  const first = sale.api().post('/api/holds', { product_id: productId, qty: 1 })
  await isBlocked(sale)
  const second = sale.api().post('/api/holds', { product_id: productId, qty: 1 })

  leaving.send('SIGTERM')
  await said(leaving, 'worker stopping')
  sale.startWorker()
  await unlock()

  expect((await first).status).toBe(201)
  expect((await second).status).toBe(409)
  expect(await leaving.ended()).toBe(0)
})

test('a worker that cannot finish puts its batch back at the head: the next worker applies it first', async () => {
  const sale = await startOwnFlashlane({ workers: 0, mysqlProxy: true })
  const leaving = sale.startWorker({ SHUTDOWN_GRACE_MS: '3000' })
  const direct = { MYSQL_URL: sale.mysqlUrl }
  const api = await sale.startApi(direct)
  const productId = await sale.product({ stock: 1 })
  await until(
    async () => (await api.post('/api/holds', { product_id: productId, qty: 50 })).status === 409,
    {
      withinMs: 10_000,
      what: 'the lane works',
    },
  )
  sale.mysqlProxy().cut()
  const first = await api.post(
    '/api/holds',
    { product_id: productId, qty: 1 },
    { prefer: 'respond-async' },
  )
  await said(leaving, 'trying again')
  const second = await api.post(
    '/api/holds',
    { product_id: productId, qty: 1 },
    { prefer: 'respond-async' },
  )

  leaving.send('SIGTERM')
  await said(leaving, 'batch put back')
  sale.startWorker(direct)
  const outcomes = [await outcomeOf(api, first), await outcomeOf(api, second)]
  sale.mysqlProxy().restore()
  await leaving.ended()

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'refused'])
})

test('SIGTERM to an api with waiting clients: each is answered, and what was accepted is applied', async () => {
  const sale = await startOwnFlashlane({ apis: 2, workers: 1 })
  const productId = await sale.product({ stock: 100 })
  const worker = sale.workers[0] as Process
  const staying = sale.apis[1] as Api
  const leaving = await sale.startApi({ SHUTDOWN_GRACE_MS: '3000', DRAIN_DELAY_MS: '100' })
  worker.send('SIGSTOP')
  const waiting = Promise.all(
    Array.from({ length: 40 }, () => leaving.post('/api/holds', { product_id: productId, qty: 1 })),
  )
  await until(async () => (await waitingJobs(sale, productId)) > 0, {
    withinMs: 10_000,
    what: 'the api has sent its first batch',
  })

  leaving.send('SIGTERM')
  const answers = await waiting
  expect(await leaving.ended()).toBe(0)
  worker.send('SIGCONT')

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  expect(
    answers.every(({ headers }) => headers.get('location')?.startsWith('/api/commands/')),
  ).toBe(true)
  const outcomes = await Promise.all(answers.map((answer) => outcomeOf(staying, answer)))
  expect(outcomes.every(({ outcome }) => outcome === 'accepted')).toBe(true)
  expect(await findProduct(sale.database, productId)).toMatchObject({ held: 40 })
})

test('SIGTERM to an api whose lane works: its waiting clients get their outcomes', async () => {
  const sale = await startOwnFlashlane({ env: { DRAIN_DELAY_MS: '1000' } })
  const productId = await sale.product({ stock: 10 })
  const unlock = await lockProduct(sale, productId)
  const leaving = sale.apis[0] as Api
  const waiting = Promise.all(
    Array.from({ length: 20 }, () => leaving.post('/api/holds', { product_id: productId, qty: 1 })),
  )
  await isBlocked(sale)

  leaving.send('SIGTERM')
  await until(async () => (await leaving.get('/readyz')).status === 503, {
    withinMs: 5_000,
    what: 'the api is not ready any more',
  })
  await unlock()
  const statuses = (await waiting).map(({ status }) => status)

  expect(statuses.filter((status) => status === 201)).toHaveLength(10)
  expect(statuses.filter((status) => status === 409)).toHaveLength(10)
  expect(await leaving.ended()).toBe(0)
})
