/** What an api process stands on: MySQL, the database's clock, Redis. Refuses to stand on what does not fit. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatLayout } from '@flashlane/core'
import { connect, type Database, isTransient } from '@flashlane/db'
import { warnOfWeakServers } from '@flashlane/durability'
import type { Logger } from '@flashlane/log'
import type { RedisClient } from '@flashlane/redis'
import { mysqlTls, redisTls } from '@flashlane/tls'
import type { Redis } from 'ioredis'
import { type AuditProduct, createAudit } from './audit.ts'
import { type Clock, startClock } from './clock.ts'
import type { Config } from './config.ts'
import { realTimers } from './dispatch/timers.ts'
import { askMysql, type Mysql } from './mysql.ts'
import { connectRedis, connectSubscriber } from './redis.ts'

const TRY_AGAIN_MS = 500

export type Services = {
  readonly mysql: Mysql
  /** For whoever counts its connections; what is asked of it is asked of `mysql`. */
  readonly database: Database
  readonly clock: Clock
  readonly auditProduct: AuditProduct
  /** Adds batches, and reads and writes what the lanes keep beside them. */
  readonly redis: RedisClient
  /** Hears replies and changes, and nothing else. */
  readonly subscriber: Redis
  readonly processId: string
  close(): Promise<void>
}

type OnFault = (error: unknown) => void

export async function connectServices(
  config: Config,
  { log, onFault }: { log: Logger; onFault: OnFault },
): Promise<Services> {
  const database = connect({
    url: config.MYSQL_URL,
    poolSize: config.MYSQL_POOL_SIZE,
    tls: mysqlTls(config),
    multipleStatements: false,
  })
  const mysql = askMysql(database)
  await untilReachable(() => checkDatabase(mysql, formatLayout(config.LANES)), onFault)
  const clock = await startClock({
    readClockMs: mysql.readClockMs,
    monotonicMs: realTimers.monotonicMs,
    onFault,
  })
  const audit = createAudit({ url: config.MYSQL_URL, tls: mysqlTls(config) })
  const processId = randomBytes(8).toString('hex')
  const tls = redisTls(config)
  const redis = connectRedis(config.REDIS_URL, {
    name: `flashlane-api-${processId}`,
    tls,
    onFault,
  })
  const subscriber = connectSubscriber(config.REDIS_URL, {
    name: `flashlane-replies-${processId}`,
    tls,
    redis,
    onFault,
  })
  warnOfWeakServers({ database, redis, log })

  return {
    mysql,
    database,
    clock,
    auditProduct: audit.auditProduct,
    redis,
    subscriber,
    processId,
    async close() {
      clock.stop()
      redis.disconnect()
      subscriber.disconnect()
      await audit.close()
      await database.close()
    },
  }
}

/** A server that is away is waited for; one that refuses is not. Redis may come later: without it the api answers 503. */
async function untilReachable(run: () => Promise<void>, onFault: OnFault): Promise<void> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!isTransient(error)) throw error
      onFault(error)
      await sleep(TRY_AGAIN_MS)
    }
  }
}

/** Refuses to work on tables of another shape, or with lanes laid out otherwise. */
async function checkDatabase(mysql: Mysql, layout: string): Promise<void> {
  const pending = await mysql.migrationsPending()
  if (pending.length > 0) throw new Error(`the database lacks migrations: ${pending.join(', ')}`)
  const stands = await mysql.claimLayout(layout)
  if (stands !== layout) {
    throw new Error(
      `LANES is ${layout}, but the lanes are laid out as ${stands}: set LANES=${stands}, or drain all lanes and lay them out anew`,
    )
  }
}
