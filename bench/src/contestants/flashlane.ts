/** Flashlane itself: one api and one worker, as npm start runs them, over a schema and a Redis database of their own. */
import { randomBytes } from 'node:crypto'
import { drawX } from '@flashlane/core'
import { connect, createProduct, migrate } from '@flashlane/db'
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise'
import { CURRENCY, PRICE } from '../../peers/catalogue.ts'
import { auditFlashlane } from '../audit/flashlane.ts'
import type { Bench } from '../bench.ts'
import type { Child } from '../children.ts'
import { until } from '../until.ts'
import { type Contestant, launchApp, launchServer } from './contestant.ts'

/** The longest that a hold and an order may have, so that none comes due while it is measured. */
const DUE_S = 3_600
const READY_MS_MAX = 60_000
const MAKERS = 8

export type Flashlane = Contestant & {
  readonly pool: Pool
  readonly redisUrl: string
  api(): Child
  worker(): Child
  startWorker(): Promise<void>
  stopWorker(): Promise<void>
}

type Options = {
  readonly products: number
  readonly stock: number
  readonly lanes?: string
  /** Rows that somebody put there, which no journal tells of. */
  readonly foreignHolds?: () => number
}

export async function startFlashlane(
  bench: Bench,
  { products, stock, lanes = 'per-product', foreignHolds = () => 0 }: Options,
): Promise<Flashlane> {
  const schema = await bench.scratch.schema()
  const redis = await bench.scratch.redis()
  await prepare(schema.url, { products, stock })
  const pool = createPool({ uri: schema.url, connectionLimit: 2 })
  const env = {
    MYSQL_URL: schema.url,
    REDIS_URL: redis.url,
    ADMIN_TOKEN: randomBytes(16).toString('hex'),
    LOG_LEVEL: bench.logLevel,
    LANES: lanes,
    HOLD_TTL_S: String(DUE_S),
    PAYMENT_DUE_S: String(DUE_S),
    DRAIN_DELAY_MS: '0',
    ...(bench.webhookSecret === null ? {} : { WEBHOOK_SECRET: bench.webhookSecret }),
  }
  const startWorker = () => launchApp('worker', 'apps/worker/src/main.ts', env)

  let worker = startWorker()
  const { child: api, url } = await launchServer('api', 'apps/api/src/main.ts', env)
  const answersCanary = () =>
    until(() => canaryAnswers(url), { withinMs: READY_MS_MAX, what: 'the canary answers' })
  await answersCanary()

  return {
    way: 'flashlane',
    url,
    pool,
    redisUrl: redis.url,
    get children() {
      return [api, worker].filter((child) => child.isRunning())
    },
    services: bench.scratch.services,
    api: () => api,
    worker: () => worker,
    async startWorker() {
      worker = startWorker()
    },
    stopWorker: () => worker.stop(),
    async granted() {
      const [[row]] = await pool.query<RowDataPacket[]>(
        'select cast(sum(held + sold) as signed) as units from products',
      )
      return Number(row?.['units'])
    },
    audit: () => auditFlashlane(pool, foreignHolds()),
    async stop() {
      await api.stop()
      await worker.stop()
      await pool.end()
      await redis.release()
      await schema.drop()
    },
  }
}

async function prepare(
  url: string,
  { products, stock }: { products: number; stock: number },
): Promise<void> {
  const database = connect({ url, poolSize: MAKERS, multipleStatements: true })
  await migrate(database)
  const fields = {
    name: 'Sneaker',
    description: '',
    image: null,
    price: PRICE,
    currency: CURRENCY,
    saleStartsAtMs: null,
    saleEndsAtMs: null,
    maxPerHold: null,
    maxPerCustomer: null,
    isPaused: false,
    stockTotal: stock,
  }
  let left = products
  const make = async () => {
    while (left > 0) {
      left--
      await createProduct(database, fields, { x: drawX(Date.now(), randomBytes(10)) })
    }
  }
  await Promise.all(Array.from({ length: MAKERS }, make))
  await database.close()
}

async function canaryAnswers(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`)
  const { canary } = (await response.json()) as { canary?: { ok?: boolean } }
  return canary?.ok === true
}
