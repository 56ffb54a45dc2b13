/** The command that prunes: killed, beside another, on wrong books, and over a journal that takes many statements. */
import { createAudit } from '@flashlane/api/audit.ts'
import { AUDIT_ENTRIES_MAX } from '@flashlane/api/openapi/audit.ts'
import { connect, type Database } from '@flashlane/db'
import { type RawBuilder, sql } from 'kysely'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anAdjustStock, aPlaceHold, aReleaseHold } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { anOldShop, aSale, idsIn, pruneBefore } from '../support/old-sale.ts'
import { until } from '../support/until.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  ;({ database } = testDatabase)
})
afterAll(() => testDatabase.drop())

const run = (statement: RawBuilder<unknown>, on = database) => statement.execute(on.db)

test('a journal too long for the endpoint goes piece by piece beside a sale, and is short again', async () => {
  const shop = await anOldShop(testDatabase)
  const { auditProduct, close } = createAudit({ url: testDatabase.url, tls: undefined })
  for (let n = 0; n <= AUDIT_ENTRIES_MAX; n++) {
    const hold = aPlaceHold(shop.productId)
    await shop.apply(hold, aReleaseHold(hold))
  }
  await expect(auditProduct(shop.productId)).rejects.toMatchObject({ code: 'journal_too_long' })
  await shop.wait(1)
  const beforeMs = shop.nowMs()
  await shop.apply(aPlaceHold(shop.productId))

  const sale = { isOver: false }
  const pruning = pruneBefore(database, beforeMs).finally(() => (sale.isOver = true))
  let sold = 0
  for (; !sale.isOver; sold++)
    await shop.apply(aPlaceHold(shop.productId), anAdjustStock(shop.productId, { delta: 1 }))
  const { of } = await pruning

  expect(sold).toBeGreaterThan(10)
  const made = AUDIT_ENTRIES_MAX + 1
  const own = of(shop.productId)
  expect(own?.done).toEqual({ seq: made + 1, entries: made + 1, outcomes: made, holds: made })
  expect(await shop.holds()).toHaveLength(1 + sold)
  const report = await auditProduct(shop.productId)
  expect(report.ok).toBe(true)
  expect(report.checkers[1]?.looked).toMatchObject({ entries: 1 + sold })
  await close()
  await shop.close()
})

/** As npm run prune and the CronJob start it. */
function startCommand(args: readonly string[] = [], url = testDatabase.url) {
  const file = fileURLToPath(import.meta.resolve('@flashlane/audit/prune-command.ts'))
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, MYSQL_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { kill: () => child.kill('SIGKILL'), ended, output: () => output }
}

test('killed between its checkpoint and what it deletes, it is run again and goes on', async () => {
  const shop = await anOldShop(testDatabase)
  const { tooMany } = await aSale(shop)
  const inTheWay = connect({ url: testDatabase.url, poolSize: 1, multipleStatements: false })
  await run(sql`start transaction`, inTheWay)
  const old = sql`command_id = ${tooMany.commandId}`
  await run(sql`select command_id from outcomes where ${old} for update`, inTheWay)

  const first = startCommand()
  const ofShop = sql`where product_id = ${shop.productId}`
  const seq = await until(
    async () => (await idsIn(database, sql`select seq as id from checkpoints ${ofShop}`))[0],
    { withinMs: 20_000, what: `a checkpoint is written\n${first.output()}` },
  )
  first.kill()
  await first.ended
  const entries = await shop.entries()
  const between = await shop.audit()
  await inTheWay.close()
  const second = await until(
    async () => {
      const again = startCommand()
      return (await again.ended) === 0 && again
    },
    { withinMs: 20_000, what: 'the server has let go of what the killed one did' },
  )
  const third = startCommand()

  expect(seq).toBe('9')
  expect(entries).toHaveLength(9)
  expect(between.violations).toEqual([])
  expect(second.output()).toMatch(
    new RegExp(`^product ${shop.productId}: 9 entries of its journal, \\d+ outcomes, 4 holds`, 'm'),
  )
  expect(await shop.entries()).toEqual([])
  expect((await shop.audit()).violations).toEqual([])
  expect([await third.ended, third.output()]).toEqual([0, ''])
  await shop.close()
})

test('the command ends with 1 where books are wrong, and with 2 where it cannot tell', async () => {
  const shop = await anOldShop(testDatabase)
  await aSale(shop)
  const ofShop = sql`where product_id = ${shop.productId}`
  await run(sql`update products set stock_total = stock_total + 1 ${ofShop}`)

  const young = startCommand(['--days', '1'])
  const days = startCommand(['--days', '30'])
  const nowhere = startCommand([], 'mysql://nobody@127.0.0.1:1/none')

  expect(await young.ended).toBe(2)
  expect(young.output()).toMatch(/--days takes a number of days from 2, not 1/)
  expect(await nowhere.ended).toBe(2)
  expect(await days.ended).toBe(1)
  expect(days.output()).toMatch(new RegExp(`product ${shop.productId} is not pruned\\nC1`))
  await run(sql`update products set stock_total = stock_total - 1 ${ofShop}`)
  await shop.close()
})
