/** What is old is pruned, the shop's books are kept, and the audit goes on from the checkpoint as it did from the start. */
import { audit, type Report } from '@flashlane/audit'
import { prune, type Pruned } from '@flashlane/audit/prune.ts'
import { type Command, EXPIRY_GRACE_MS, type PlaceHold } from '@flashlane/core'
import { START_MS } from '@flashlane/core/builders.ts'
import { connect, type Database, PruneUnderWay, withPruneLock, withSnapshot } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { type RawBuilder, sql } from 'kysely'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { setImmediate as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  aBatch,
  aCancelOrder,
  anExpireDue,
  anExtendHold,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  aReleaseHold,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { sellAtRandom } from '../support/random-sale.ts'
import { until } from '../support/until.ts'

const log = pino({ level: 'silent' })
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BEGIN_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  ;({ database } = testDatabase)
})
afterAll(() => testDatabase.drop())

const run = (statement: RawBuilder<unknown>, on = database) => statement.execute(on.db)
const idsIn = async (query: RawBuilder<unknown>): Promise<readonly string[]> =>
  ((await run(query)).rows as { id: string | number }[]).map(({ id }) => String(id))

const auditOf = (productId?: number, on = database): Promise<Report> =>
  withSnapshot(on, (books) =>
    audit(books, { pause, ...(productId === undefined ? {} : { productId }) }),
  )

async function pruneBefore(beforeMs: number, on = database) {
  const told: Pruned[] = []
  const isRight = await prune(on, { beforeMs, pause, tell: (pruned) => told.push(pruned) })
  return { isRight, told }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
const again = <Each extends Command>(command: Each): Each => ({ ...command })

/** A product whose lane has a clock that can be set: the database's, as one connection sees it. */
async function aShop() {
  const own = connect({ url: testDatabase.url, poolSize: 1, multipleStatements: true })
  let nowMs = BEGIN_MS
  const setClock = (ms: number) => run(sql`set timestamp = ${sql.lit(ms / 1_000)}`, own)
  await setClock(nowMs)
  const productId = await aProduct(own, { stock: 10 })
  return {
    productId,
    nowMs: () => nowMs,
    async wait(ms: number): Promise<void> {
      nowMs += ms
      await setClock(nowMs)
    },
    async apply(...commands: Command[]) {
      const batch = aBatch(commands.map((each) => ({ ...each, acceptedAtMs: nowMs })))
      const { decided } = await applyBatch(createStore(own, log), batch)
      return decided.map(({ outcome }) => outcome)
    },
    close: () => own.close(),
  }
}

type Shop = Awaited<ReturnType<typeof aShop>>

const expireNow = ({ productId, nowMs }: Shop, hold: PlaceHold) =>
  anExpireDue(productId, [hold.holdId], nowMs())

/** A day of a sale, the moment that is pruned up to, and a day after it. */
async function aSale(shop: Shop) {
  const { productId: id, apply, wait } = shop
  const holds = {
    expired: aPlaceHold(id, { ttlMs: 3_000, fingerprint: hash('expired') }),
    released: aPlaceHold(id),
    sold: aPlaceHold(id),
    cash: aPlaceHold(id),
    ends: aPlaceHold(id, { ttlMs: HOUR_MS }),
    ordered: aPlaceHold(id, { ttlMs: HOUR_MS }),
    lasts: aPlaceHold(id, { ttlMs: HOUR_MS }),
  }
  const orders = {
    sold: aPlaceOrder(holds.sold, { paymentRef: `pi_${id}` }),
    cash: aPlaceOrder(holds.cash, { payment: 'cash_on_delivery' }),
    ordered: aPlaceOrder(holds.ordered),
  }
  const tooMany = aPlaceHold(id, { quantity: 100, fingerprint: hash('too many') })
  await apply(holds.expired, holds.released, holds.sold, holds.cash, tooMany)
  await apply(orders.sold, orders.cash, aReleaseHold(holds.released))
  await apply(aPayment(id, { orderId: orders.sold.orderId, paymentRef: `pi_${id}` }))
  await wait(3_000 + EXPIRY_GRACE_MS)
  await apply(expireNow(shop, holds.expired))
  await apply(holds.ends, holds.ordered, holds.lasts)
  await wait(60_000)
  const beforeMs = shop.nowMs()

  await apply(orders.ordered, anExtendHold(holds.lasts), again(tooMany), again(holds.expired))
  const late = [
    aReleaseHold(holds.expired),
    anExtendHold(holds.released),
    aPlaceOrder(holds.expired),
    aReleaseHold(holds.ends),
  ]
  await apply(...late)
  await wait(DAY_MS)
  await apply(
    expireNow(shop, holds.lasts),
    aCancelOrder(orders.cash),
    aPayment(id, { kind: 'refunded', orderId: orders.sold.orderId, paymentRef: `pi_${id}` }),
  )
  return { holds, orders, tooMany, beforeMs }
}

const holdsOf = (shop: Shop) =>
  idsIn(sql`select hold_id as id from holds where product_id = ${shop.productId}`)
const entriesOf = (shop: Shop) =>
  idsIn(sql`select seq as id from journal where product_id = ${shop.productId} order by seq`)
const sorted = (...holds: readonly PlaceHold[]) => holds.map(({ holdId }) => holdId).toSorted()
const lookedAtBy = ({ checkers }: Report, checker: string) =>
  checkers.find((each) => each.checker === checker)?.looked

test('what is old goes, the books stay, and the audit is clean: also of what names what is gone', async () => {
  const shop = await aShop()
  const { holds, orders, tooMany, beforeMs } = await aSale(shop)
  expect((await auditOf(shop.productId)).violations).toEqual([])

  const first = await pruneBefore(beforeMs)
  const second = await pruneBefore(beforeMs)

  expect(first).toMatchObject({ isRight: true })
  expect(first.told).toEqual([
    {
      productId: shop.productId,
      wrong: null,
      done: { seq: 6, entries: 6, outcomes: 2, holds: 2 },
    },
  ])
  expect(second).toEqual({ isRight: true, told: [] })
  expect(await entriesOf(shop)).toEqual(['7', '8', '9'])
  const kept = sorted(holds.sold, holds.cash, holds.ends, holds.ordered, holds.lasts)
  expect((await holdsOf(shop)).toSorted()).toEqual(kept)
  const report = await auditOf(shop.productId)
  expect(report.violations).toEqual([])
  expect(lookedAtBy(report, 'C2')).toMatchObject({
    entries: 3,
    'commands that name what was pruned, only folded': 5,
    'commands decided again': 6,
  })
  const outcomes = await idsIn(sql`select command_id as id from outcomes`)
  expect(outcomes).not.toContain(tooMany.commandId)
  expect(
    await idsIn(sql`select order_id as id from orders where product_id = ${shop.productId}`),
  ).toHaveLength(Object.keys(orders).length)
  await shop.close()
})

test('a key that is used again after it was pruned is a new command, and its books are right', async () => {
  const shop = await aShop()
  const { holds, tooMany, beforeMs } = await aSale(shop)
  await pruneBefore(beforeMs)

  const anew = await shop.apply(
    again(holds.expired),
    again(tooMany),
    again(holds.expired),
    aReleaseHold(holds.released),
  )

  expect(anew).toMatchObject([
    { outcome: 'accepted' },
    { outcome: 'refused', reason: 'insufficient_stock' },
    { outcome: 'accepted', replayed: { fingerprint: holds.expired.fingerprint } },
    { outcome: 'refused', reason: 'hold_not_found' },
  ])
  expect(anew[0]).not.toHaveProperty('replayed')
  expect((await auditOf(shop.productId)).violations).toEqual([])
  await shop.wait(DAY_MS)
  await shop.apply(expireNow(shop, holds.expired))
  const { told } = await pruneBefore(shop.nowMs())
  const own = told.find(({ productId }) => productId === shop.productId)
  expect(own?.done).toMatchObject({ seq: 10, holds: 2 })
  expect((await auditOf(shop.productId)).violations).toEqual([])
  await shop.close()
})

test('a checkpoint never goes back, and a second process at once is told so', async () => {
  const shop = await aShop()
  const { beforeMs } = await aSale(shop)
  await pruneBefore(beforeMs)
  const seqs = sql`select seq as id from checkpoints where product_id = ${shop.productId}`

  expect(await pruneBefore(beforeMs - 30_000)).toEqual({ isRight: true, told: [] })
  await withPruneLock(database, () =>
    expect(pruneBefore(shop.nowMs())).rejects.toThrow(PruneUnderWay),
  )

  expect(await idsIn(seqs)).toEqual(['6'])
  await shop.close()
})

test('where the books are wrong nothing is pruned, of that product only', async () => {
  const [wrong, right] = [await aShop(), await aShop()]
  const { beforeMs } = await aSale(wrong)
  await aSale(right)
  const ofWrong = sql`where product_id = ${wrong.productId}`
  await run(sql`update products set stock_total = stock_total + 1 ${ofWrong}`)
  const holds = await holdsOf(wrong)

  const { isRight, told } = await pruneBefore(beforeMs)

  expect(isRight).toBe(false)
  expect(told.map(({ productId, done }) => [productId, done?.seq])).toEqual([
    [wrong.productId, undefined],
    [right.productId, 6],
  ])
  expect(told[0]?.wrong?.violations).toMatchObject([{ checker: 'C1' }])
  expect(await entriesOf(wrong)).toHaveLength(9)
  expect(await holdsOf(wrong)).toEqual(holds)
  expect(await idsIn(sql`select product_id as id from checkpoints ${ofWrong}`)).toEqual([])
  await run(sql`update products set stock_total = stock_total - 1 ${ofWrong}`)
  await Promise.all([wrong.close(), right.close()])
})

test('whatever is broken after it was pruned is told', async () => {
  const shop = await aShop()
  const { holds, orders, beforeMs } = await aSale(shop)
  await pruneBefore(beforeMs)
  const product = sql`product_id = ${shop.productId}`
  const lasts = sql`hold_id = ${holds.lasts.holdId}`
  const cash = sql`order_id = ${orders.cash.orderId}`
  const sold = sql`order_id = ${orders.sold.orderId}`
  const entry = sql`product_id = ${shop.productId} and seq = 7`
  const blamed: Record<string, readonly string[]> = {}
  const blame = async (what: string, broken: RawBuilder<unknown>, mended: RawBuilder<unknown>) => {
    await run(broken)
    const { violations } = await auditOf(shop.productId)
    await run(mended)
    blamed[what] = [...new Set(violations.map(({ checker }) => checker))]
  }
  await run(sql`create table kept_entry as select * from journal where ${entry}`)
  await run(sql`create table kept_checkpoint as select * from checkpoints where ${product}`)
  await run(sql`create table kept_hold as select * from holds where ${lasts}`)

  await blame(
    'a counter',
    sql`update products set sold = sold + 1 where ${product}`,
    sql`update products set sold = sold - 1 where ${product}`,
  )
  await blame(
    'a hold that ended since',
    sql`update holds set status = 'active' where ${lasts}`,
    sql`update holds set status = 'expired' where ${lasts}`,
  )
  await blame(
    'a hold that is gone',
    sql`delete from holds where ${lasts}`,
    sql`insert into holds select * from kept_hold`,
  )
  await blame(
    'an order that was cancelled since',
    sql`update orders set status = 'confirmed' where ${cash}`,
    sql`update orders set status = 'cancelled' where ${cash}`,
  )
  await blame(
    'a payment that went back since',
    sql`update payments set status = 'captured' where ${sold}`,
    sql`update payments set status = 'refunded' where ${sold}`,
  )
  await blame(
    'the first entry after the checkpoint',
    sql`delete from journal where ${entry}`,
    sql`insert into journal select * from kept_entry`,
  )
  await blame(
    'the checkpoint',
    sql`delete from checkpoints where ${product} and seq = 6`,
    sql`insert into checkpoints select * from kept_checkpoint`,
  )

  expect(blamed).toEqual({
    'a counter': ['C1'],
    'a hold that ended since': ['C1', 'C8'],
    'a hold that is gone': expect.arrayContaining(['C1', 'C2']),
    'an order that was cancelled since': ['C1', 'C7'],
    'a payment that went back since': ['C7'],
    'the first entry after the checkpoint': expect.arrayContaining(['C2']),
    'the checkpoint': expect.arrayContaining(['C2']),
  })
  expect((await auditOf(shop.productId)).ok).toBe(true)
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
  const shop = await aShop()
  const { tooMany } = await aSale(shop)
  const inTheWay = connect({ url: testDatabase.url, poolSize: 1, multipleStatements: false })
  await run(sql`start transaction`, inTheWay)
  const old = sql`command_id = ${tooMany.commandId}`
  await run(sql`select command_id from outcomes where ${old} for update`, inTheWay)

  const first = startCommand()
  const ofShop = sql`where product_id = ${shop.productId}`
  const seq = await until(
    async () => (await idsIn(sql`select seq as id from checkpoints ${ofShop}`))[0],
    { withinMs: 20_000, what: `a checkpoint is written\n${first.output()}` },
  )
  first.kill()
  await first.ended
  const entries = await entriesOf(shop)
  const between = await auditOf(shop.productId)
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
  expect(await entriesOf(shop)).toEqual([])
  expect((await auditOf(shop.productId)).violations).toEqual([])
  expect([await third.ended, third.output()]).toEqual([0, ''])
  await shop.close()
})

test('the command ends with 1 where books are wrong, and with 2 where it cannot tell', async () => {
  const shop = await aShop()
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

test('a random sale that is pruned while it goes on, and again at its end, has right books', async () => {
  const sale = await createTestDatabase()
  const told: Pruned[] = []
  const pruneTo = async (beforeMs: number) => {
    const { isRight, told: more } = await pruneBefore(beforeMs, sale.database)
    expect(more.flatMap(({ wrong }) => wrong?.violations ?? [])).toEqual([])
    expect(isRight).toBe(true)
    told.push(...more)
  }
  let endMs = START_MS
  await sellAtRandom(sale, {
    steps: Number(process.env['RETENTION_STEPS'] ?? 800),
    seed: Number(process.env['RETENTION_SEED'] ?? 3),
    async meanwhile(nowMs) {
      endMs = nowMs
      // Twice in three times, somewhere in what has happened since the start.
      if (nowMs % 3 !== 0) await pruneTo(START_MS + Math.floor((nowMs - START_MS) * 0.7))
    },
  })

  const all = await auditOf(undefined, sale.database)
  for (const part of [0.8, 0.9, 1]) {
    await pruneTo(START_MS + Math.ceil((endMs - START_MS) * part))
    expect((await auditOf(undefined, sale.database)).violations).toEqual([])
  }

  expect(all.violations).toEqual([])
  const holds = told.reduce((sum, { done }) => sum + (done?.holds ?? 0), 0)
  const outcomes = told.reduce((sum, { done }) => sum + (done?.outcomes ?? 0), 0)
  expect(holds).toBeGreaterThan(20)
  expect(outcomes).toBeGreaterThan(50)
  await sale.drop()
})
