/** The users of docs/operating.md, on a server of its own: each can do its work, and nothing beside it. */
import { prune, type Pruned } from '@flashlane/audit/prune.ts'
import { connect, type Database, killSleepers, migrate, migrationsPending } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { USERS } from '../../scripts/mysql.mjs'
import { freePort, startMysql } from '../../scripts/services.mjs'
import { aBatchId, aPlaceHold, aProduct, aReleaseHold } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const SLEEPS_MS = 10_000
const DAY_MS = 86_400_000

let server: Awaited<ReturnType<typeof startMysql>>
let testDatabase: TestDatabase
let app: Database
const folder = mkdtempSync(join(process.env['FLASHLANE_TEST_FOLDER'] ?? tmpdir(), 'grants-'))

beforeAll(async () => {
  server = await startMysql({
    folder,
    port: await freePort(),
    password: 'a-password',
    bufferPool: '32M',
  })
  testDatabase = await createTestDatabase(server)
  app = connect({ url: testDatabase.appUrl, poolSize: 4, multipleStatements: true })
})
afterAll(async () => {
  await app.close()
  await testDatabase.drop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const userOf = async ({ db }: Database): Promise<string | undefined> =>
  (await sql<{ user: string }>`select current_user() as user`.execute(db)).rows[0]?.user

test('the app’s user sees that nothing is to be migrated, and sells', async () => {
  expect(await userOf(app)).toBe('flashlane_app@%')
  expect(await migrationsPending(app)).toEqual([])
  const productId = await aProduct(app, { stock: 1 })
  const store = createStore(app, pino({ level: 'silent' }))

  const { decided } = await applyBatch(store, {
    batchId: aBatchId(),
    commands: [aPlaceHold(productId), aPlaceHold(productId)],
  })

  expect(decided.map(({ outcome }) => outcome.outcome)).toEqual(['accepted', 'refused'])
})

test('the app’s user ends its own connections that sleep in a transaction, without a right of its own for that', async () => {
  const productId = await aProduct(app, { stock: 1 })
  const sleeper = connect({ url: testDatabase.appUrl, poolSize: 1, multipleStatements: false })
  await sql`start transaction`.execute(sleeper.db)
  await sql`update products set name = 'x' where product_id = ${productId}`.execute(sleeper.db)

  const killed = await until(async () => (await killSleepers(app)) || null, {
    withinMs: SLEEPS_MS,
    what: 'it is ended',
  })

  expect(killed).toBe(1)
  await sleeper.close().catch(() => {})
})

test.each([
  'delete from journal',
  'truncate table journal',
  'drop table journal',
  'alter table journal add column x int',
  'create table x (y int)',
  'create database flashlane_x',
  'select user from mysql.user',
  "create user 'x'@'%' identified by 'y'",
  "select 1 into outfile '/tmp/flashlane-x'",
  'set global innodb_flush_log_at_trx_commit = 0',
])('the app’s user may not: %s', async (statement) => {
  await expect(sql.raw(statement).execute(app.db)).rejects.toThrow(/denied/)
})

test('the pruner’s user prunes, and can change neither a row that stays nor a table', async () => {
  const url = new URL(server.urls.prune)
  url.pathname = new URL(testDatabase.url).pathname
  const pruner = connect({ url: url.href, poolSize: 2, multipleStatements: false })
  const productId = await aProduct(app, { stock: 2 })
  const [hold, kept] = [aPlaceHold(productId), aPlaceHold(productId)]
  await applyBatch(createStore(app, pino({ level: 'silent' })), {
    batchId: aBatchId(),
    commands: [hold, kept, aReleaseHold(hold)],
  })
  const told: Pruned[] = []
  const options = { pause, tell: (pruned: Pruned) => told.push(pruned) }

  const isRight = await prune(pruner, { ...options, beforeMs: Date.now() + DAY_MS })

  expect(isRight).toBe(true)
  expect(await userOf(pruner)).toBe('flashlane_prune@%')
  expect(told.find((each) => each.productId === productId)?.done).toEqual({
    seq: 2,
    entries: 2,
    outcomes: 1,
    holds: 1,
  })
  for (const statement of [
    'update products set sold = 0',
    'update checkpoints set seq = 0',
    'truncate table journal',
    'drop table journal',
  ]) {
    await expect(sql.raw(statement).execute(pruner.db)).rejects.toThrow(/denied/)
  }
  await pruner.close()
})

test('the migrations’ user brings an empty database up, and sees no other', async () => {
  await sql`create database flashlane_test_empty`.execute(testDatabase.database.db)
  const url = new URL(server.urls.migrate)
  url.pathname = '/flashlane_test_empty'
  const database = connect({ url: url.href, poolSize: 1, multipleStatements: false })

  expect((await migrate(database)).length).toBeGreaterThan(5)
  expect(await userOf(database)).toBe('flashlane_migrate@%')
  await expect(sql`select user from mysql.user`.execute(database.db)).rejects.toThrow(/denied/)
  await database.close()
  await sql`drop database flashlane_test_empty`.execute(testDatabase.database.db)
})

test('docs/operating.md grants what the tests run with', () => {
  const document = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')

  for (const [user, rights] of Object.entries(USERS)) {
    expect(document).toContain(`GRANT ${rights} ON flashlane.* TO '${user}'@'%';`)
  }
  expect(document).toContain("GRANT PROCESS ON *.* TO 'flashlane_app'@'%';")
})
