/** The audit of a real database: clean after whatever a sale may bring, and telling of each thing that is not as it should be. */
import { audit, type Checker, type Ledger, type Report } from '@flashlane/audit'
import { withSnapshot } from '@flashlane/db'
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RawBuilder, sql } from 'kysely'
import { setImmediate as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { sellAtRandom } from '../support/random-sale.ts'

/** Another sale: AUDIT_SEED=7 npm test -- int audit. */
const SEED = Number(process.env['AUDIT_SEED'] ?? 2)
const STEPS = Number(process.env['AUDIT_STEPS'] ?? 1_500)

let testDatabase: TestDatabase

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  await sellAtRandom(testDatabase, { steps: STEPS, seed: SEED })
})
afterAll(() => testDatabase.drop())

const auditNow = (options: { productId?: number; ledger?: Ledger } = {}): Promise<Report> =>
  withSnapshot(testDatabase.database, (books) => audit(books, { pause, ...options }))

const run = (statement: RawBuilder<unknown>) => statement.execute(testDatabase.database.db)
const oneOf = async <Row>(query: RawBuilder<unknown>): Promise<Row> => {
  const [row] = (await run(query)).rows as Row[]
  if (!row) throw new Error('the random sale has nothing of this kind')
  return row
}

/** Whom a broken thing is told by, and that all is well again when it is mended. */
async function blamedBy({ broken, mended }: Broken): Promise<ReadonlySet<Checker>> {
  await run(broken)
  const report = await auditNow()
  for (const each of mended) await run(each)
  expect((await auditNow()).violations).toEqual([])
  expect(report.ok).toBe(report.violations.length === 0)
  return new Set(report.violations.map(({ checker }) => checker))
}

type Broken = {
  readonly broken: RawBuilder<unknown>
  readonly mended: readonly RawBuilder<unknown>[]
}

/** Deletes rows, and puts them back. */
async function without(table: string, where: RawBuilder<unknown>): Promise<Broken> {
  const kept = sql.table(`kept_${table}`)
  await run(sql`drop table if exists ${kept}`)
  await run(sql`create table ${kept} as select * from ${sql.table(table)} where ${where}`)
  return {
    broken: sql`delete from ${sql.table(table)} where ${where}`,
    mended: [sql`insert into ${sql.table(table)} select * from ${kept}`],
  }
}

test('after a random sale the books are right, and everything was looked at', async () => {
  const report = await auditNow()

  expect(report.violations).toEqual([])
  expect(report.ok).toBe(true)
  const [{ entries } = { entries: 0 }] = (await run(sql`select count(*) as entries from journal`))
    .rows as { entries: number }[]
  const looked = new Map(report.checkers.map((each) => [each.checker, each.looked]))
  expect(looked.get('C2')).toMatchObject({ entries })
  for (const [checker, least] of Object.entries({
    C1: { 'versions of the counters': STEPS / 2 },
    C2: { 'commands decided again': STEPS / 2, 'stored outcomes': STEPS / 10 },
    C7: { orders: 20, payments: 50, refunds: 10, 'payment events': STEPS / 10 },
    C8: { holds: 100, 'ends of holds': 100, 'expired orders': 5 },
  })) {
    for (const [what, count] of Object.entries(least)) {
      expect(looked.get(checker as Checker)?.[what], `${checker} ${what}`).toBeGreaterThan(count)
    }
  }
})

test('a sale that goes on raises no false alarm: the audit sees one moment', async () => {
  const report = await withSnapshot(testDatabase.database, async (books) => {
    await run(sql`update products set sold = sold + 1 where product_id = 7`)
    return audit(books, { pause })
  })
  await run(sql`update products set sold = sold - 1 where product_id = 7`)

  expect(report.violations).toEqual([])
})

test('a counter of a product that is off by one is told, and only where it is', async () => {
  await run(
    sql`update products set stock_total = stock_total + 1, sold = sold + 1 where product_id = 7`,
  )
  const [seven, eight] = [await auditNow({ productId: 7 }), await auditNow({ productId: 8 })]
  await run(
    sql`update products set stock_total = stock_total - 1, sold = sold - 1 where product_id = 7`,
  )

  expect(seven.violations[0]).toMatchObject({ checker: 'C1', productId: 7 })
  expect(seven.violations[0]?.sentence).toMatch(/the product's row says .*, the journal/)
  expect(eight.violations).toEqual([])
})

test('a refund that is deleted is told', async () => {
  const { refund_id } = await oneOf<{ refund_id: string }>(
    sql`select refund_id from refunds where order_id is not null and status = 'due' limit 1`,
  )

  expect(await blamedBy(await without('refunds', sql`refund_id = ${refund_id}`))).toContain('C7')
})

test('the refund of an orphan that is deleted is told', async () => {
  const { refund_id } = await oneOf<{ refund_id: string }>(
    sql`select refund_id from refunds where order_id is null and status = 'due' limit 1`,
  )

  expect(await blamedBy(await without('refunds', sql`refund_id = ${refund_id}`))).toContain('C7')
})

test('a payment that is refunded a second time is told', async () => {
  const { refund_id } = await oneOf<{ refund_id: string }>(
    sql`select refund_id from refunds where order_id is not null limit 1`,
  )
  const columns = sql`product_id, order_id, amount, currency, status, reason, created_at_ms`
  const again = sql`${`${refund_id}9`}`

  const blamed = await blamedBy({
    broken: sql`insert into refunds (refund_id, ${columns})
      select ${again}, ${columns} from refunds where refund_id = ${refund_id}`,
    mended: [sql`delete from refunds where refund_id = ${again}`],
  })

  expect(blamed).toContain('C7')
})

test('an outcome that was rewritten in the journal is told', async () => {
  const { product_id, seq, body } = await oneOf<{ product_id: number; seq: number; body: string }>(
    sql`select product_id, seq, body from journal where body like '%insufficient_stock%' limit 1`,
  )
  const at = sql`product_id = ${product_id} and seq = ${seq}`
  const rewritten = body.replace('insufficient_stock', 'product_paused')

  const blamed = await blamedBy({
    broken: sql`update journal set body = ${rewritten} where ${at}`,
    mended: [sql`update journal set body = ${body} where ${at}`],
  })

  expect(blamed).toContain('C2')
})

test('an outcome that was rewritten where repeats are answered from is told', async () => {
  const { command_id, body } = await oneOf<{ command_id: string; body: string }>(
    sql`select command_id, body from outcomes where body like '%insufficient_stock%' limit 1`,
  )
  const at = sql`command_id = ${command_id}`

  const blamed = await blamedBy({
    broken: sql`update outcomes set body = ${body.replace('insufficient_stock', 'sale_ended')} where ${at}`,
    mended: [sql`update outcomes set body = ${body} where ${at}`],
  })

  expect(blamed).toContain('C2')
})

test('an entry that is deleted is told, with the place where the gap is', async () => {
  const broken = await without('journal', sql`product_id = 8 and seq = 20`)

  await run(broken.broken)
  const { violations } = await auditNow({ productId: 8 })
  for (const each of broken.mended) await run(each)

  expect(violations.find(({ checker }) => checker === 'C2')).toMatchObject({ seq: 21, index: null })
  expect((await auditNow()).ok).toBe(true)
})

test('a hold that was set back to active is told', async () => {
  const { hold_id, status } = await oneOf<{ hold_id: string; status: string }>(
    sql`select hold_id, status from holds where status = 'expired' limit 1`,
  )
  const at = sql`hold_id = ${hold_id}`

  const blamed = await blamedBy({
    broken: sql`update holds set status = 'active' where ${at}`,
    mended: [sql`update holds set status = ${status} where ${at}`],
  })

  expect([...blamed]).toEqual(['C1', 'C8'])
})

test('a hold that the journal never made, and a payment event that is gone, are told', async () => {
  const { hold_id } = await oneOf<{ hold_id: string }>(
    sql`select hold_id from holds where status = 'expired' limit 1`,
  )
  const { event_key } = await oneOf<{ event_key: Buffer }>(
    sql`select event_key from payment_events where result = 'applied' limit 1`,
  )
  const other = `${hold_id.slice(0, -1)}z`
  const columns = sql`product_id, status, quantity, requested_qty, unit_price, currency, created_at_ms,
    expires_at_ms, ttl_ms, born_expires_at_ms, born_version`

  const ofHold = await blamedBy({
    broken: sql`insert into holds (hold_id, ${columns})
      select ${other}, ${columns} from holds where hold_id = ${hold_id}`,
    mended: [sql`delete from holds where hold_id = ${other}`],
  })
  const ofEvent = await blamedBy(await without('payment_events', sql`event_key = ${event_key}`))

  expect([...ofHold]).toEqual(['C8'])
  expect([...ofEvent]).toEqual(['C7'])
})

test('what the provider captured is compared, and what is sold for a payment that it never captured is told', async () => {
  const { rows } = (await run(sql`
    select cast(reference as char) as reference, amount, currency from payments
    where reference is not null and status <> 'named'
    union select cast(reference as char), amount, currency from refunds
    where reference is not null and amount is not null`)) as {
    rows: { reference: string; amount: number; currency: string }[]
  }
  const { reference: sold } = await oneOf<{ reference: string }>(sql`
    select cast(reference as char) as reference from payments
    where status = 'captured' and reference is not null limit 1`)
  const all = new Map(rows.map((row) => [row.reference, { ...row, capturedAt: null }]))
  const lacking = new Map([...all].filter(([reference]) => reference !== sold))
  const unknown = { reference: 'pi_nobody', amount: 5, currency: 'USD', capturedAt: null }
  const dearer = { ...unknown, reference: sold, amount: 1_000_000 }

  const right = await auditNow({ ledger: all })
  const withoutOne = await auditNow({ ledger: lacking })
  const withOneMore = await auditNow({ ledger: new Map(all).set('pi_nobody', unknown) })
  const withAnotherSum = await auditNow({ ledger: new Map(all).set(sold, dearer) })

  expect(right.violations).toEqual([])
  expect(withoutOne.violations).toMatchObject([{ checker: 'C7' }])
  expect(withoutOne.violations[0]?.sentence).toMatch(/never captured/)
  expect(withOneMore.violations[0]?.sentence).toMatch(/neither sold nor refunded/)
  expect(withAnotherSum.violations[0]?.sentence).toMatch(/captured .*1000000/)
})

test('the command reports, and ends with 0 where all is right, 1 where not, 2 where it cannot tell', async () => {
  const file = fileURLToPath(import.meta.resolve('@flashlane/audit/command.ts'))
  const command = (args: readonly string[], url = testDatabase.url) =>
    spawnSync(process.execPath, [file, ...args], {
      encoding: 'utf8',
      env: { ...process.env, MYSQL_URL: url },
    })
  const ledger = join(tmpdir(), `flashlane-ledger-${process.pid}.jsonl`)
  writeFileSync(ledger, '{"reference":"pi_nobody","amount":5,"currency":"USD"}\n')

  const { id } = await oneOf<{ id: number }>(sql`select min(product_id) as id from products`)
  const right = command([])
  const rightOne = command(['--product', String(id)])
  const wrong = command(['--ledger', ledger, '--json'])
  rmSync(ledger)
  const without = [
    command(['--ledger', ledger]),
    command(['--product', 'x']),
    command(['--product', '999999999999']),
    command([], 'mysql://nobody@127.0.0.1:1/none'),
  ]

  expect(right).toMatchObject({ status: 0, stderr: '' })
  expect(right.stdout).toMatch(/^C1 .*: ok\n[^]*The books are right\.\n$/)
  expect(rightOne).toMatchObject({ status: 0, stderr: '' })
  expect(wrong.status).toBe(1)
  expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false })
  expect(without.map(({ status }) => status)).toEqual([2, 2, 2, 2])
  expect(without[0]?.stderr).toMatch(/the audit could not run/)
  expect(without[2]?.stderr).toMatch(/there is no product 999999999999/)
})
