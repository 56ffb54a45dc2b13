/** Asks a MySQL or a Redis whether it answers, with the clients that the packages use. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './places.mjs'

const CONNECT_MS_MAX = 3_000
const POLL_MS = 50

/**
 * @typedef {{ query(text: string): Promise<unknown>, destroy(): void }} MysqlConnection
 * @typedef {{ createConnection(options: object): Promise<MysqlConnection> }} Mysql2
 * @typedef {{ on(event: 'error', listener: (error: Error) => void): void, connect(): Promise<void>, ping(): Promise<string>, disconnect(): void }} RedisClient
 * @typedef {{ Redis: new (url: string, options: object) => RedisClient }} Ioredis
 */

/** @param {string} url */
export async function pingMysql(url) {
  const require = createRequire(join(root, 'packages', 'db', 'package.json'))
  /** @type {Mysql2} */
  const mysql = require('mysql2/promise')
  const connection = await mysql.createConnection({ uri: url, connectTimeout: CONNECT_MS_MAX })
  await connection.query('SELECT 1').finally(() => connection.destroy())
}

/** @param {string} url */
export async function pingRedis(url) {
  const require = createRequire(join(root, 'apps', 'worker', 'package.json'))
  /** @type {Ioredis} */
  const { Redis } = require('ioredis')
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: CONNECT_MS_MAX,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  })
  /** @type {Error | undefined} */
  let reason
  redis.on('error', (error) => (reason = error)) // The rejection says only that the connection is closed.
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}

/**
 * Until a server just started answers. Rejects when it has ended or the time is over.
 * @param {() => Promise<void>} ping
 * @param {{ name: string, child: import('./processes.mjs').Child, msMax: number }} server
 */
export async function untilAnswers(ping, { name, child, msMax }) {
  const deadlineMs = performance.now() + msMax
  let ended = false
  void child.exited.then(() => (ended = true))
  for (;;) {
    try {
      return await ping()
    } catch (error) {
      if (ended) throw new Error(`${name} ended at its start`, { cause: error })
      if (performance.now() > deadlineMs)
        throw new Error(`${name} does not answer after ${msMax} ms`, { cause: error })
      await sleep(POLL_MS)
    }
  }
}
