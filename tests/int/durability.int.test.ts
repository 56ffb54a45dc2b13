import { Redis } from 'ioredis'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startMysql, startRedis } from '../../scripts/services.mjs'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Process, startProcess } from '../support/process.ts'
import { until } from '../support/until.ts'

const SAID_MS_MAX = 20_000
const PASSWORD = 'for-this-test-only'
const folder = mkdtempSync(join(tmpdir(), 'flashlane-durability-'))
let mysql: Awaited<ReturnType<typeof startMysql>>
let redis: Awaited<ReturnType<typeof startRedis>>
let operator: Redis
let testDatabase: TestDatabase

const WARN = 40

type Line = { level: number; msg: string; server?: string; setting?: string; value?: string }

const linesOf = (process: Process): Line[] =>
  process
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)

const weakOf = (process: Process) =>
  linesOf(process)
    .filter(({ setting }) => setting !== undefined)
    .map(({ level, server, setting, value }) => [level, server, setting, value].join(' '))
    .toSorted()

const start = (app: 'api' | 'worker', redisUrl = redis.url): Process =>
  startProcess(app, {
    MYSQL_URL: testDatabase.url,
    REDIS_URL: redisUrl,
    PORT: '0',
    ADMIN_TOKEN: 'a-token-for-the-tests-only',
  })

async function end(process: Process): Promise<void> {
  process.send('SIGTERM')
  await process.ended()
}

const isReady = (process: Process): boolean =>
  linesOf(process).some(({ msg }) => /^(api|worker) ready$/.test(msg))

describe('servers that may forget', () => {
  beforeAll(async () => {
    mysql = await startMysql({
      folder: join(folder, 'mysql'),
      port: await freePort(),
      password: PASSWORD,
      bufferPool: '64M',
      settings: ['--log-bin', '--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0'],
    })
    testDatabase = await createTestDatabase({ url: mysql.url })
    const port = await freePort()
    redis = await startRedis({ folder: join(folder, 'redis'), port, password: PASSWORD })
    operator = new Redis(redis.url)
  })
  afterAll(async () => {
    operator.disconnect()
    await testDatabase.drop()
    await redis.stop()
    await mysql.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(['api', 'worker'] as const)('%s warns of each weak setting', async (app) => {
    await operator.config('SET', 'appendfsync', 'no', 'maxmemory-policy', 'allkeys-lru')

    const process = start(app)
    await until(() => isReady(process) && weakOf(process).length >= 4, {
      withinMs: SAID_MS_MAX,
      what: 'four warnings',
    })
    await end(process)

    expect(weakOf(process)).toEqual([
      '40 MySQL innodb_flush_log_at_trx_commit 2',
      '40 MySQL sync_binlog 0',
      '40 Redis appendfsync no',
      '40 Redis maxmemory-policy allkeys-lru',
    ])
  })

  test('servers that are set as they should be are not spoken of', async () => {
    await operator.config('SET', 'appendfsync', 'everysec', 'maxmemory-policy', 'noeviction')
    const { url, stop } = await strongMysql()
    const strong = await createTestDatabase({ url })

    const worker = startProcess('worker', { MYSQL_URL: strong.url, REDIS_URL: redis.url })
    await until(() => isReady(worker), { withinMs: SAID_MS_MAX, what: 'the worker is ready' })
    await end(worker)
    await strong.drop()
    await stop()

    expect(linesOf(worker).filter(({ level }) => level >= WARN)).toEqual([])
  })

  test.each(['api', 'worker'] as const)(
    'a Redis that may not be asked keeps no %s from its work, and costs one line',
    async (app) => {
      const user = ['on', `>${PASSWORD}`, '~*', '&*', '+@all', '-config']
      await operator.call('ACL', 'SETUSER', 'curious', ...user)
      const url = new URL(redis.url)
      url.username = 'curious'

      const process = start(app, url.href)
      const notTold = () => linesOf(process).filter(({ msg }) => msg.startsWith('Redis does not'))
      await until(() => isReady(process) && notTold().length > 0, {
        withinMs: SAID_MS_MAX,
        what: 'one line',
      })
      await end(process)

      expect(notTold()).toMatchObject([{ level: 30 }])
    },
  )
})

const strongMysql = async () =>
  startMysql({
    folder: join(folder, 'strong-mysql'),
    port: await freePort(),
    password: PASSWORD,
    bufferPool: '64M',
  })
