/** A peer: its own process, or two, over a schema and a Redis database of their own. */
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise'
import { CURRENCY, PRICE } from '../../peers/catalogue.ts'
import { makeTables } from '../../peers/tables.ts'
import type { Bench } from '../bench.ts'
import { type Contestant, launchApp, launchServer, type Way, WAYS } from './contestant.ts'
import { poolSizeOf } from './pools.ts'

type Sale = { readonly products: number; readonly stock: number; readonly poolSize?: number }

type PeerWay = Exclude<Way, 'flashlane'>

export async function startPeer(bench: Bench, way: PeerWay, sale: Sale): Promise<Contestant> {
  switch (way) {
    case 'noop':
      return startNoop()
    case 'redis-lua':
      return startRedisLua(bench, sale)
    case 'for-update':
    case 'conditional-update':
    case 'bullmq':
      return startOnMysql(bench, way, sale)
  }
}

async function startNoop(): Promise<Contestant> {
  const { child, url } = await launchServer(WAYS.noop, 'bench/peers/no-op.ts', {})
  return {
    way: 'noop',
    url,
    children: [child],
    granted: async () => null,
    audit: async () => [],
    stop: () => child.stop(),
  }
}

async function startOnMysql(
  bench: Bench,
  way: 'for-update' | 'conditional-update' | 'bullmq',
  { products, stock, poolSize = poolSizeOf(way, products) }: Sale,
): Promise<Contestant> {
  const schema = await bench.scratch.schema()
  const pool = createPool({ uri: schema.url, connectionLimit: 2 })
  await makeTables(pool, { products, stock })
  const redis = way === 'bullmq' ? await bench.scratch.redis() : null
  const env = {
    MYSQL_URL: schema.url,
    POOL_SIZE: String(poolSize),
    PRODUCTS: String(products),
    ...(redis ? { REDIS_URL: redis.url } : {}),
  }
  const file = way === 'bullmq' ? 'bullmq-api' : way
  const { child, url } = await launchServer(WAYS[way], `bench/peers/${file}.ts`, env)
  const worker =
    way === 'bullmq' ? launchApp('BullMQ worker', 'bench/peers/bullmq-worker.ts', env) : null
  return {
    way,
    url,
    children: worker ? [child, worker] : [child],
    granted: () => grantedIn(pool),
    audit: () => auditTables(pool),
    async stop() {
      await child.stop()
      await worker?.stop()
      await pool.end()
      await redis?.release()
      await schema.drop()
    },
  }
}

async function grantedIn(pool: Pool): Promise<number> {
  const [[row]] = await pool.query<RowDataPacket[]>(
    'select cast(sum(held + sold) as signed) as units from products',
  )
  return Number(row?.['units'])
}

async function auditTables(pool: Pool): Promise<readonly string[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    `select p.product_id, p.stock_total, p.held, coalesce(h.units, 0) as units from products p
      left join (select product_id, sum(quantity) as units from holds group by product_id) h
        on h.product_id = p.product_id
      where p.held <> coalesce(h.units, 0) or p.held + p.sold > p.stock_total`,
  )
  return rows.map((row) => `its books do not add up: ${JSON.stringify(row)}`)
}

async function startRedisLua(bench: Bench, { products, stock }: Sale): Promise<Contestant> {
  const redis = await bench.scratch.redis()
  const ids = Array.from({ length: products }, (_, n) => n + 1)
  const seeds = redis.client.pipeline()
  for (const id of ids) {
    const fields = { available: stock, version: 1, price: PRICE, currency: CURRENCY }
    seeds.hset(`product:${id}`, fields)
  }
  await seeds.exec()
  const { child, url } = await launchServer(WAYS['redis-lua'], 'bench/peers/redis-lua.ts', {
    REDIS_URL: redis.url,
  })
  const granted = async () => {
    const reads = redis.client.pipeline()
    for (const id of ids) reads.hget(`product:${id}`, 'available')
    const left = (await reads.exec()) ?? []
    return left.reduce((sum, [, available]) => sum + stock - Number(available), 0)
  }
  return {
    way: 'redis-lua',
    url,
    children: [child],
    granted,
    async audit() {
      const holds = (await redis.client.dbsize()) - products
      const units = await granted()
      return holds === units ? [] : [`Redis has ${holds} holds and ${units} units less`]
    },
    async stop() {
      await child.stop()
      await redis.release()
    },
  }
}
