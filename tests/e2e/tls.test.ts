/** Whole purchases over encrypted connections only, as users with no more than they need, on servers of its own. */
import { connect, type Database } from '@flashlane/db'
import { mysqlTlsOf } from '@flashlane/tls'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import dns from 'node:dns'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort, startMysql, startRedis } from '../../scripts/services.mjs'
import { type Authority, createAuthority, type Signed } from '../support/certificates.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { countersOf, placeHold, placeOrder } from '../support/shop.ts'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { startProcess } from '../support/process.ts'

const folder = mkdtempSync(join(process.env['FLASHLANE_TEST_FOLDER'] ?? tmpdir(), 'tls-'))
const PASSWORD = 'for-this-test-only'
/** The user of docs/operating.md. */
const ACL = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8').match(
  /ACL SETUSER flashlane (.*)$/m,
)?.[1]

let ours: Authority
let strangers: Authority
let client: Signed
let mysql: Awaited<ReturnType<typeof startMysql>>
let redis: Awaited<ReturnType<typeof startRedis>>
let redisTlsPort: number
let testDatabase: TestDatabase
let flashlane: Flashlane
let env: Record<string, string>

/** The certificate is for the name. */
const byName = (url: string): string => url.replace('127.0.0.1', 'localhost')

beforeAll(async () => {
  ours = createAuthority(folder, 'ours')
  strangers = createAuthority(folder, 'strangers')
  client = ours.sign('client')
  const server = ours.sign('localhost')
  mysql = await startMysql({
    folder: join(folder, 'mysql'),
    port: await freePort(),
    password: PASSWORD,
    bufferPool: '64M',
    settings: [`--ssl-ca=${ours.ca}`, `--ssl-cert=${server.cert}`, `--ssl-key=${server.key}`],
  })
  redisTlsPort = await freePort()
  redis = await startRedis({
    folder: join(folder, 'redis'),
    port: await freePort(),
    password: PASSWORD,
    settings: [
      `tls-port ${redisTlsPort}`,
      `tls-cert-file ${server.cert}`,
      `tls-key-file ${server.key}`,
      `tls-ca-cert-file ${ours.ca}`,
      'tls-auth-clients yes',
      `user flashlane ${(ACL ?? '').replace('>...', `>${PASSWORD}`)}`,
    ],
  })
  testDatabase = await createTestDatabase(mysql)
  env = {
    MYSQL_URL: byName(testDatabase.appUrl),
    MYSQL_TLS_CA: ours.ca,
    MYSQL_TLS_CERT: client.cert,
    MYSQL_TLS_KEY: client.key,
    REDIS_URL: `rediss://flashlane:${PASSWORD}@localhost:${redisTlsPort}`,
    REDIS_TLS_CA: ours.ca,
    REDIS_TLS_CERT: client.cert,
    REDIS_TLS_KEY: client.key,
    RATE_LIMIT_CLIENT: '1000/1s',
  }
  flashlane = await startFlashlane({ env })
})
afterAll(async () => {
  await flashlane?.stop()
  await testDatabase?.drop()
  await redis?.stop()
  await mysql?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const statusOf = async ({ db }: Database, name: string): Promise<number> => {
  const { rows } = await sql<{ Value: string }>`show global status like ${name}`.execute(db)
  return Number(rows[0]?.Value)
}

type Resolved = (error: null, addresses: readonly { address: string; family: 4 }[]) => void

/** Another name of the same server. */
const toLoopback = (_name: string, _options: object, done: Resolved) =>
  done(null, [{ address: '127.0.0.1', family: 4 }])

/** Asks who it talks to, as api and worker would. */
async function cipherOf(url: string, given: Record<string, string>): Promise<string | undefined> {
  const database = connect({ url, poolSize: 1, multipleStatements: false, tls: mysqlTlsOf(given) })
  try {
    const { rows } = await sql<{ Value: string }>`show status like 'Ssl_cipher'`.execute(
      database.db,
    )
    return rows[0]?.Value
  } finally {
    await database.close()
  }
}

test('a purchase goes all its way, and no connection to MySQL or Redis is in the clear', async () => {
  const before = await statusOf(testDatabase.database, 'Connections')
  const encrypted = await statusOf(testDatabase.database, 'Ssl_accepts')
  const worker = flashlane.startWorker()
  const api = await flashlane.startApi()
  const productId = await flashlane.product({ stock: 3, max_per_customer: 3 })

  const hold_id = await placeHold(flashlane, {
    product_id: productId,
    qty: 2,
    customer_ref: 'anna',
  })
  const order_id = await placeOrder(flashlane, { hold_id })
  const paid = await flashlane.client().tellPayment({ id: 'pay-1', order_id, status: 'success' })
  await flashlane.client().sweep()

  expect(paid).toMatchObject({ order_status: 'paid' })
  expect(
    await countersOf({ ...flashlane, database: testDatabase.database }, productId),
  ).toMatchObject({ held: 0, sold: 2 })
  const made = (await statusOf(testDatabase.database, 'Connections')) - before
  expect(made).toBeGreaterThan(0)
  expect((await statusOf(testDatabase.database, 'Ssl_accepts')) - encrypted).toBe(made)
  const admin = new Redis(redis.url)
  const clients = String(await admin.client('LIST'))
    .split('\n')
    .filter((line) => line.includes('user=flashlane'))
  const denied = (await admin.acl('LOG')) as readonly unknown[]
  admin.disconnect()
  expect(clients.length).toBeGreaterThan(4)
  expect(clients.filter((line) => !line.includes(`laddr=127.0.0.1:${redisTlsPort}`))).toEqual([])
  // Nothing was asked of Redis that the user of the documents may not, but how durable it is.
  expect(denied.filter((each) => !JSON.stringify(each).includes('config|get'))).toEqual([])
  expect([worker.isRunning(), api.isRunning()]).toEqual([true, true])
})

test('MySQL is talked to only if our authority signed it for the name by which it was called', async () => {
  const url = testDatabase.appUrl

  expect(await cipherOf(byName(url), { MYSQL_TLS_CA: ours.ca })).toMatch(/^TLS_/)
  await expect(cipherOf(byName(url), { MYSQL_TLS_CA: strangers.ca })).rejects.toThrow(/certificate/)
  await expect(cipherOf(byName(url), { MYSQL_TLS_CA: 'system' })).rejects.toThrow(/certificate/)
  const resolved = vi.spyOn(dns, 'lookup').mockImplementation(toLoopback as never)
  await expect(
    cipherOf(url.replace('127.0.0.1', 'db.example'), { MYSQL_TLS_CA: ours.ca }),
  ).rejects.toThrow(/altnames/)
  resolved.mockRestore()
})

test('a client whom another authority signed is let in by neither', async () => {
  const stranger = strangers.sign('client')
  const given = {
    MYSQL_TLS_CA: ours.ca,
    MYSQL_TLS_CERT: stranger.cert,
    MYSQL_TLS_KEY: stranger.key,
  }

  await expect(cipherOf(byName(testDatabase.appUrl), given)).rejects.toBeInstanceOf(Error)
  const connection = new Redis(env['REDIS_URL'] ?? '', {
    lazyConnect: true,
    retryStrategy: () => null,
    tls: {
      ca: readFileSync(ours.ca),
      cert: readFileSync(stranger.cert),
      key: readFileSync(stranger.key),
    },
  })
  connection.on('error', () => {})
  await expect(connection.connect().then(() => connection.ping())).rejects.toBeInstanceOf(Error)
  connection.disconnect()
})

test('an authority that cannot be read stops the process, which says so', async () => {
  const child = startProcess('worker', { ...env, REDIS_TLS_CA: join(folder, 'nowhere.pem') })

  expect(await child.ended()).toBe(1)
  expect(child.output()).toContain('REDIS_TLS_CA')
})
