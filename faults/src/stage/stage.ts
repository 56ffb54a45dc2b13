/** A whole Flashlane that may be broken: servers, proxies before them, and as many real processes as asked for. */
import type { Database } from '@flashlane/db'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../../scripts/services.mjs'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { type Process, startProcess } from '../../../tests/support/process.ts'
import { type Proxy, startProxy } from '../../../tests/support/proxy.ts'
import { until } from '../../../tests/support/until.ts'
import { endAtExit } from './children.ts'
import { call } from './http.ts'
import { type MysqlServer, openRedis, type Server } from './servers.ts'

export type Api = Process & { readonly url: string }
export type Env = Readonly<Record<string, string>>

/** A proxy for each way on which a process asks a server. */
export type Links = {
  readonly apiRedis: Proxy
  readonly apiMysql: Proxy
  readonly workerRedis: Proxy
  readonly workerMysql: Proxy
}

export type Stage = {
  /** Straight to the server, for whoever looks. */
  readonly database: Database
  readonly mysqlUrl: string
  /** As the user that api and worker run as. */
  readonly appUrl: string
  /** Ours to kill; throws where the row did not ask for one of its own. */
  mysql(): MysqlServer
  readonly redis: Server
  /** Straight to the server, for whoever looks or meddles. */
  readonly redisClient: Redis
  readonly links: Links
  readonly apis: readonly Api[]
  readonly workers: readonly Process[]
  /** Signs the provider's webhooks. */
  readonly webhookSecret: string
  /** Of an api of those running, in turn; while none does, one where nobody listens. */
  apiUrl(): string
  startApi(env?: Env): Promise<Api>
  startWorker(env?: Env): Process
  /** SIGTERM; requests go to it until it says that it is not ready, as behind a balancer. Tells its exit code. */
  retire(api: Api): Promise<number | null>
  /** Puts a product on sale, by the operators' way, and tells its id. */
  product(fields: ProductFields): Promise<number>
  /** Ends all processes as an operator would, and tells what did not end well. */
  halt(): Promise<readonly string[]>
  close(): Promise<void>
}

export type ProductFields = { readonly stock: number } & Readonly<Record<string, unknown>>

export type StageOptions = {
  readonly apis?: number
  readonly workers?: number
  /** Added to what every process is given. */
  readonly env?: Env
}

type Place = {
  /** For data and logs. */
  readonly folder: string
  readonly mysqlUrl: string
  readonly mysql: MysqlServer | null
}

export const ADMIN_TOKEN = 'a-token-for-the-stage-only'
const READY_MS_MAX = 60_000
const PRICE = 4_900
const NOBODY = 'http://127.0.0.1:1'

export async function openStage(
  place: Place,
  { apis = 2, workers = 2, env = {} }: StageOptions,
): Promise<Stage> {
  const schema = await createTestDatabase({
    url: place.mysqlUrl,
    ...(place.mysql ? { urls: place.mysql.urls } : {}),
  })
  const folder = mkdtempSync(join(place.folder, 'stage-'))
  const redis = await openRedis(join(folder, 'redis'))
  const redisClient = new Redis(redis.url, { maxRetriesPerRequest: null })
  redisClient.on('error', () => {})
  const links = await openLinks(schema.url, redis.url)
  const webhookSecret = `whsec_${randomBytes(24).toString('base64')}`
  const common = { ADMIN_TOKEN, WEBHOOK_SECRET: webhookSecret, LOG_LEVEL: 'info', ...env }
  const running: { apis: Api[]; workers: Process[] } = { apis: [], workers: [] }
  const retired = new Set<Api>()
  let turn = 0

  const stage: Stage = {
    database: schema.database,
    mysqlUrl: schema.url,
    appUrl: schema.appUrl,
    mysql() {
      if (!place.mysql) throw new Error('this row asked for no MySQL of its own')
      return place.mysql
    },
    redis,
    redisClient,
    links,
    apis: running.apis,
    workers: running.workers,
    webhookSecret,
    apiUrl() {
      const alive = running.apis.filter((each) => each.isRunning() && !retired.has(each))
      return alive[turn++ % alive.length]?.url ?? NOBODY
    },
    async startApi(more = {}) {
      const api = await launchApi({
        ...common,
        MYSQL_URL: links.apiMysql.through(schema.appUrl),
        REDIS_URL: links.apiRedis.through(redis.url),
        ...more,
      })
      running.apis.push(api)
      return api
    },
    startWorker(more = {}) {
      const worker = startProcess('worker', {
        ...common,
        MYSQL_URL: links.workerMysql.through(schema.appUrl),
        REDIS_URL: links.workerRedis.through(redis.url),
        ...more,
      })
      endAtExit(worker.pid)
      running.workers.push(worker)
      return worker
    },
    async retire(api) {
      api.send('SIGTERM')
      await until(async () => !api.isRunning() || !(await takesRequests(api)), {
        withinMs: READY_MS_MAX,
        what: 'an api that ends is not ready',
      })
      retired.add(api)
      return api.ended()
    },
    async product({ stock, ...others }) {
      const { answer } = await call(stage.apiUrl(), {
        path: '/api/admin/products',
        body: { name: 'Sneaker', price: PRICE, currency: 'USD', stock_total: stock, ...others },
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      })
      if (answer?.status !== 201) throw new Error(`no product: ${JSON.stringify(answer)}`)
      return Number(answer.body['id'])
    },
    async halt() {
      await Promise.all(running.workers.map(isReady))
      return endProcesses([...running.apis, ...running.workers])
    },
    async close() {
      redisClient.disconnect()
      await redis.stop()
      await Promise.all(Object.values(links).map((link) => link.close()))
      await schema.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  for (let n = 0; n < workers; n++) stage.startWorker()
  await Promise.all(Array.from({ length: apis }, () => stage.startApi()))
  return stage
}

async function openLinks(mysqlUrl: string, redisUrl: string): Promise<Links> {
  const to = (url: string, port: number) => {
    const target = new URL(url)
    return startProxy({ host: target.hostname, port: Number(target.port || port) })
  }
  const [apiRedis, apiMysql, workerRedis, workerMysql] = await Promise.all([
    to(redisUrl, 6_379),
    to(mysqlUrl, 3_306),
    to(redisUrl, 6_379),
    to(mysqlUrl, 3_306),
  ])
  return { apiRedis, apiMysql, workerRedis, workerMysql }
}

const takesRequests = async ({ url }: Api): Promise<boolean> =>
  (await call(url, { path: '/readyz' })).answer?.status === 200

async function launchApi(env: Record<string, string>): Promise<Api> {
  const port = await freePort()
  const child = startProcess('api', { ...env, PORT: String(port), HOST: '127.0.0.1' })
  endAtExit(child.pid)
  const url = `http://127.0.0.1:${port}`
  await until(
    async () => {
      if (!child.isRunning()) throw new Error(`the api ended:\n${child.output()}`)
      return (await call(url, { path: '/livez' }, 1_000)).answer?.status === 200
    },
    { withinMs: READY_MS_MAX, what: 'the api listens' },
  )
  return { ...child, url }
}

/** A program that is still being loaded has no ear for SIGTERM. One that cannot begin is told of by its exit code. */
const isReady = (worker: Process): Promise<unknown> =>
  until(() => !worker.isRunning() || worker.output().includes('worker ready'), {
    withinMs: READY_MS_MAX,
    what: 'the worker is ready',
  }).catch(() => {})

/** What a row killed is no complaint; what ends by itself, or not when told, is. */
async function endProcesses(all: readonly Process[]): Promise<readonly string[]> {
  const alive = all.filter((each) => each.isRunning())
  for (const each of alive) each.send('SIGCONT')
  for (const each of alive) each.send('SIGTERM')
  const complaints = await Promise.all(
    alive.map(async (each) => {
      const code = await each.ended().catch((error: unknown) => {
        each.send('SIGKILL')
        return String(error)
      })
      return code === 0 ? null : `a process ended with ${code}:\n${each.output().slice(-2_000)}`
    }),
  )
  return complaints.filter((each) => each !== null)
}
