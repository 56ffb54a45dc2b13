/** A whole Flashlane for one test file: its own schema and Redis, and as many real processes as asked for. */
import { audit, formatReport } from '@flashlane/audit'
import { type Client, createClient } from '@flashlane/client'
import { type Database, withSnapshot } from '@flashlane/db'
import { setImmediate as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { freePort } from '../../scripts/services.mjs'
import { createTestDatabase } from './database.ts'
import { failOnMisfits, learnDocument } from './document.ts'
import { type Answer, checkedFetch, request } from './http.ts'
import { type Process, startProcess } from './process.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { startTestRedis, type TestRedis } from './redis.ts'
import { until } from './until.ts'

export const ADMIN_TOKEN = 'a-token-for-the-tests-only'
/** An api that is busy with its start is asked again. */
const LIVE_MS_MAX = 5_000
const READY_MS_MAX = 60_000

export type Api = Process & {
  readonly url: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  delete(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  send(signal: NodeJS.Signals): void
}

export type Flashlane = {
  readonly database: Database
  readonly mysqlUrl: string
  readonly redis: TestRedis
  readonly apis: readonly Api[]
  readonly workers: readonly Process[]
  /** An api of those running, in turn. */
  api(): Api
  /** Of an api of those running, in turn; with the operators' token. It sends nothing twice: a test wants to know. */
  client(): Client
  startApi(env?: Record<string, string>): Promise<Api>
  startWorker(env?: Record<string, string>): Process
  /** Between the processes and MySQL, where the test asked for one. */
  mysqlProxy(): Proxy
  /** Puts a product on sale and tells its id. */
  product(
    fields: { stock: number } & Partial<Parameters<Client['createProduct']>[0]>,
  ): Promise<number>
  /** Ends everything, and fails if the books are not right. */
  stop(): Promise<void>
}

type Options = {
  readonly apis?: number
  readonly workers?: number
  /** Added to what every process is given. */
  readonly env?: Record<string, string>
  /** Puts a proxy between the processes and MySQL. */
  readonly mysqlProxy?: boolean
  /** A Redis Cluster rather than one server; unset, as the whole run says. */
  readonly isRedisCluster?: boolean
}

export async function startFlashlane({
  apis = 1,
  workers = 1,
  env = {},
  mysqlProxy = false,
  isRedisCluster,
}: Options = {}): Promise<Flashlane> {
  const testDatabase = await createTestDatabase()
  const { hostname, port: mysqlPort } = new URL(testDatabase.url)
  const proxy = mysqlProxy
    ? await startProxy({ host: hostname, port: Number(mysqlPort || 3_306) })
    : null
  const redis = await startTestRedis(
    isRedisCluster === undefined ? {} : { isCluster: isRedisCluster },
  )
  const common = {
    MYSQL_URL: proxy ? proxy.through(testDatabase.appUrl) : testDatabase.appUrl,
    REDIS_URL: redis.url,
    ADMIN_TOKEN,
    LOG_LEVEL: 'info',
    METRICS_PORT: '0',
    // No balancer has to notice that an api goes.
    DRAIN_DELAY_MS: '0',
    ...env,
  }
  const running: { apis: Api[]; workers: Process[] } = { apis: [], workers: [] }
  let turn = 0

  const flashlane: Flashlane = {
    database: testDatabase.database,
    mysqlUrl: testDatabase.appUrl,
    redis,
    apis: running.apis,
    workers: running.workers,
    api() {
      const alive = running.apis.filter((each) => each.isRunning())
      const api = alive[turn++ % alive.length]
      if (!api) throw new Error('no api is running')
      return api
    },
    client: () =>
      createClient({
        baseUrl: flashlane.api().url,
        adminToken: ADMIN_TOKEN,
        fetch: checkedFetch,
        retries: { max: 0 },
      }),
    async startApi(more = {}) {
      const api = await launchApi({ ...common, ...more })
      running.apis.push(api)
      return api
    },
    startWorker(more = {}) {
      const worker = startProcess('worker', { ...common, ...more })
      running.workers.push(worker)
      return worker
    },
    mysqlProxy() {
      if (!proxy) throw new Error('this test asked for no proxy')
      return proxy
    },
    async product({ stock, price = 4_900, ...others }) {
      const { id } = await flashlane
        .client()
        .createProduct({ name: 'Sneaker', price, currency: 'USD', stock_total: stock, ...others })
      return id
    },
    async stop() {
      const all = [...running.apis, ...running.workers].filter((each) => each.isRunning())
      for (const each of all) each.send('SIGCONT')
      for (const each of all) each.send('SIGTERM')
      const codes = await Promise.all(all.map((each) => each.ended()))
      await redis.stop()
      await proxy?.close()
      const report = await withSnapshot(testDatabase.database, (books) => audit(books, { pause }))
      await testDatabase.drop()
      if (codes.some((code) => code !== 0)) {
        const outputs = all.map((each) => each.output().slice(-2_000)).join('\n---\n')
        throw new Error(`a process ended with ${codes.join(', ')}:\n${outputs}`)
      }
      if (!report.ok) throw new Error(formatReport(report))
      failOnMisfits()
    },
  }
  try {
    for (let n = 0; n < workers; n++) flashlane.startWorker()
    await Promise.all(Array.from({ length: apis }, () => flashlane.startApi()))
    if (workers > 0) await Promise.all(running.apis.map(canaryAnswers))
    return flashlane
  } catch (error) {
    // Nobody will have it to stop it.
    for (const each of [...running.apis, ...running.workers]) each.send('SIGKILL')
    await redis.stop()
    await proxy?.close()
    await testDatabase.drop()
    throw error
  }
}

/** A Flashlane of the test that runs: it is stopped when that ends, and only if it was started. */
export async function startOwnFlashlane(options: Options = {}): Promise<Flashlane> {
  const flashlane = await startFlashlane(options)
  onTestFinished(() => flashlane.stop())
  return flashlane
}

async function launchApi(env: Record<string, string>): Promise<Api> {
  const port = await freePort()
  const child = startProcess('api', { ...env, PORT: String(port), HOST: '127.0.0.1' })
  const url = `http://127.0.0.1:${port}`
  const listens = async () => {
    if (!child.isRunning()) throw new Error(`the api ended:\n${child.output()}`)
    // Whoever else listens there, a proxy of another test for one, may never answer.
    return fetch(`${url}/livez`, { signal: AbortSignal.timeout(LIVE_MS_MAX) }).then(
      ({ ok }) => ok,
      () => false,
    )
  }
  try {
    await until(listens, { withinMs: READY_MS_MAX, what: 'the api listens' })
  } catch (error) {
    child.send('SIGKILL')
    throw error
  }
  await learnDocument(url)
  return {
    ...child,
    url,
    get: (path, headers = {}) => request(url + path, { headers }),
    delete: (path, headers = {}) => request(url + path, { method: 'DELETE', headers }),
    patch: (path, body, headers = {}) => request(url + path, { method: 'PATCH', body, headers }),
    post: (path, body, headers) =>
      request(url + path, { method: 'POST', body, ...(headers ? { headers } : {}) }),
  }
}

/** A command has gone through a lane and back: everything works together. */
const canaryAnswers = (api: Api): Promise<boolean> =>
  until(
    async () => {
      const { body } = await api.get('/readyz')
      const canary = body['canary'] as { ok?: boolean } | undefined
      return canary?.ok === true
    },
    { withinMs: READY_MS_MAX, what: `the canary answers\n${api.output()}` },
  )
