/** Places of their own for each contestant: a schema in MySQL, a database number in Redis. Gone when the bench ends. */
import { Redis } from 'ioredis'
import { createPool, type Pool } from 'mysql2/promise'
import { listenerOn } from './proc.ts'

const REDIS_DATABASES = 16

export type Service = { readonly name: string; readonly pid: number }

export type Scratch = {
  schema(): Promise<{ url: string; drop(): Promise<void> }>
  redis(): Promise<{ url: string; client: Redis; release(): Promise<void> }>
  readonly mysql: Pool
  readonly server: Redis
  /** MySQL and Redis, where they listen on 127.0.0.1, as those do that the bench starts. */
  readonly services: readonly Service[]
  /** Drops all that is still there. */
  close(): Promise<void>
}

export function openScratch({
  mysqlUrl,
  redisUrl,
}: {
  mysqlUrl: string
  redisUrl: string
}): Scratch {
  const mysql = createPool({ uri: mysqlUrl, connectionLimit: 2 })
  const server = new Redis(redisUrl)
  const schemas = new Set<string>()
  const numbers = new Set<number>()
  let made = 0

  async function dropSchema(name: string): Promise<void> {
    if (schemas.delete(name)) await mysql.query(`drop database if exists \`${name}\``)
  }

  async function claimNumber(): Promise<number> {
    for (let number = 1; number < REDIS_DATABASES; number++) {
      if (numbers.has(number)) continue
      numbers.add(number)
      const [, size] = await server
        .multi()
        .select(number)
        .dbsize()
        .select(0)
        .exec()
        .then((replies) => (replies ?? []).map(([, reply]) => reply))
      if (size === 0) return number
      // Somebody else's: never emptied, and not asked again.
    }
    throw new Error('the Redis server has no empty database left')
  }

  async function flush(number: number): Promise<void> {
    if (numbers.delete(number)) await server.multi().select(number).flushdb().select(0).exec()
  }

  const inUse = new Set<number>()
  return {
    mysql,
    server,
    services: [...servicesOn('MySQL', mysqlUrl), ...servicesOn('Redis', redisUrl)],
    async schema() {
      made++
      const name = `flashlane_bench_${process.pid}_${made}`
      schemas.add(name)
      await mysql.query(`create database \`${name}\``)
      const url = new URL(mysqlUrl)
      url.pathname = `/${name}`
      return { url: url.href, drop: () => dropSchema(name) }
    },
    async redis() {
      const number = await claimNumber()
      inUse.add(number)
      const url = new URL(redisUrl)
      url.pathname = `/${number}`
      const client = new Redis(url.href)
      return {
        url: url.href,
        client,
        async release() {
          client.disconnect()
          inUse.delete(number)
          await flush(number)
        },
      }
    },
    async close() {
      for (const number of inUse) await flush(number)
      for (const name of schemas) await dropSchema(name)
      await mysql.end()
      server.disconnect()
    },
  }
}

function servicesOn(name: string, url: string): Service[] {
  const { hostname, port } = new URL(url)
  const pid = hostname === '127.0.0.1' ? listenerOn(Number(port)) : null
  return pid === null ? [] : [{ name, pid }]
}
