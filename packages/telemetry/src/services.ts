/** How a process stands with MySQL and Redis. The same names in api and worker: the scrape tells them apart. */
import { type Database, poolUse } from '@flashlane/db'
import type { RedisClient } from '@flashlane/redis'
import { Counter, Gauge, type Registry } from 'prom-client'

export type WatchServices = ReturnType<typeof addServiceMetrics>

export function addServiceMetrics(registry: Registry) {
  const databases: Database[] = []
  const registers = [registry]
  const opened = new Counter({
    name: 'flash_mysql_connections_opened_total',
    help: 'Connections made to MySQL. Grows after the start: connections were lost, or given up because MySQL said nothing.',
    registers,
  })
  const readies = new Counter({
    name: 'flash_redis_connects_total',
    help: 'Connections made to Redis, by what they are for. Above 1: it was lost, and made again.',
    labelNames: ['connection'] as const,
    registers,
  })
  registry.registerMetric(
    new Gauge({
      name: 'flash_mysql_pool_connections',
      help: 'Connections to MySQL that are used or idle. All used, with some that wait: MySQL is slow, or MYSQL_POOL_SIZE is small.',
      labelNames: ['state'] as const,
      registers: [],
      collect() {
        const uses = databases.map(poolUse)
        for (const state of ['used', 'idle'] as const) this.set({ state }, sum(uses, state))
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'flash_mysql_pool_waiting',
      help: 'Queries that wait for a connection. Above 0 for seconds: MySQL is slow, or MYSQL_POOL_SIZE is small.',
      registers: [],
      collect() {
        this.set(sum(databases.map(poolUse), 'waiting'))
      },
    }),
  )

  return {
    database(database: Database): void {
      databases.push(database)
      const { used, idle } = poolUse(database)
      opened.inc(used + idle)
      database.pool.on('connection', () => opened.inc())
    },
    redis(connection: string, redis: RedisClient): void {
      if (redis.status === 'ready') readies.inc({ connection })
      redis.on('ready', () => readies.inc({ connection }))
    },
  }
}

const sum = <Key extends string>(uses: readonly Record<Key, number>[], key: Key): number =>
  uses.reduce((total, use) => total + use[key], 0)
