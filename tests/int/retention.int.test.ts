/** What is old is pruned, the shop's books are kept, and the audit goes on from the checkpoint as it did from the start. */
import type { Report } from '@flashlane/audit'
import type { Pruned } from '@flashlane/audit/prune.ts'
import type { PlaceHold } from '@flashlane/core'
import { START_MS } from '@flashlane/core/builders.ts'
import {
  type Database,
  PruneUnderWay,
  withPruneLock,
  withSnapshot,
  writeCheckpoint,
} from '@flashlane/db'
import { type RawBuilder, sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { aReleaseHold } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import {
  again,
  anOldShop,
  aSale,
  auditOf,
  DAY_MS,
  expireNow,
  idsIn,
  pruneBefore,
} from '../support/old-sale.ts'
import { sellAtRandom } from '../support/random-sale.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  ;({ database } = testDatabase)
})
afterAll(() => testDatabase.drop())

const run = (statement: RawBuilder<unknown>) => statement.execute(database.db)

const sorted = (...holds: readonly PlaceHold[]) => holds.map(({ holdId }) => holdId).toSorted()
const lookedAt = ({ checkers }: Report) => checkers.find(({ checker }) => checker === 'C2')?.looked

test('what is old goes, the books stay, and the audit is clean: also of what names what is gone', async () => {
  const shop = await anOldShop(testDatabase)
  const { holds, orders, tooMany, beforeMs } = await aSale(shop)
  expect((await shop.audit()).violations).toEqual([])

  const first = await pruneBefore(database, beforeMs)
  const second = await pruneBefore(database, beforeMs)

  expect(first).toMatchObject({ isRight: true })
  expect(first.told).toEqual([
    {
      productId: shop.productId,
      wrong: null,
      done: { seq: 6, entries: 6, outcomes: 2, holds: 2 },
    },
  ])
  expect(second).toMatchObject({ isRight: true, told: [] })
  expect(await shop.entries()).toEqual(['7', '8', '9'])
  const kept = sorted(holds.sold, holds.cash, holds.ends, holds.ordered, holds.lasts)
  expect(await shop.holds()).toEqual(kept)
  const report = await shop.audit()
  expect(report.violations).toEqual([])
  expect(lookedAt(report)).toMatchObject({
    entries: 3,
    'commands that name what was pruned, only folded': 5,
    'commands decided again': 6,
  })
  const outcomes = await idsIn(database, sql`select command_id as id from outcomes`)
  expect(outcomes).not.toContain(tooMany.commandId)
  expect(
    await idsIn(
      database,
      sql`select order_id as id from orders where product_id = ${shop.productId}`,
    ),
  ).toHaveLength(Object.keys(orders).length)
  await shop.close()
})

test('a key that is used again after it was pruned is a new command, and its books are right', async () => {
  const shop = await anOldShop(testDatabase)
  const { holds, tooMany, beforeMs } = await aSale(shop)
  await pruneBefore(database, beforeMs)

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
  expect((await shop.audit()).violations).toEqual([])
  await shop.wait(DAY_MS)
  await shop.apply(expireNow(shop, holds.expired))
  const { of } = await pruneBefore(database, shop.nowMs())
  const own = of(shop.productId)
  expect(own?.done).toMatchObject({ seq: 10, holds: 2 })
  expect((await shop.audit()).violations).toEqual([])
  await shop.close()
})

test('a checkpoint never goes back, and a second process at once is told so', async () => {
  const shop = await anOldShop(testDatabase)
  const { beforeMs } = await aSale(shop)
  await pruneBefore(database, beforeMs)
  const seqs = sql`select seq as id from checkpoints where product_id = ${shop.productId}`

  const { productId } = shop
  const standing = await withSnapshot(database, (books) => books.checkpoint(productId))
  if (!standing) throw new Error('there is no checkpoint')

  // As a process would that had begun before, and lost its lock.
  expect(await writeCheckpoint(database, { ...standing, seq: 5 })).toBe(false)
  expect(await writeCheckpoint(database, standing)).toBe(false)
  expect(await pruneBefore(database, beforeMs - 30_000)).toMatchObject({ isRight: true, told: [] })
  await withPruneLock(database, () =>
    expect(pruneBefore(database, shop.nowMs())).rejects.toThrow(PruneUnderWay),
  )

  expect(await idsIn(database, seqs)).toEqual(['6'])
  expect((await shop.audit()).ok).toBe(true)
  await shop.close()
})

test('where the books are wrong nothing is pruned, of that product only', async () => {
  const [wrong, right] = [await anOldShop(testDatabase), await anOldShop(testDatabase)]
  const { beforeMs } = await aSale(wrong)
  await aSale(right)
  const ofWrong = sql`where product_id = ${wrong.productId}`
  await run(sql`update products set stock_total = stock_total + 1 ${ofWrong}`)
  const holds = await wrong.holds()

  const { isRight, told } = await pruneBefore(database, beforeMs)

  expect(isRight).toBe(false)
  expect(told.map(({ productId, done }) => [productId, done?.seq])).toEqual([
    [wrong.productId, undefined],
    [right.productId, 6],
  ])
  expect(told[0]?.wrong?.violations).toMatchObject([{ checker: 'C1' }])
  expect(await wrong.entries()).toHaveLength(9)
  expect(await wrong.holds()).toEqual(holds)
  expect(await idsIn(database, sql`select product_id as id from checkpoints ${ofWrong}`)).toEqual(
    [],
  )
  await run(sql`update products set stock_total = stock_total - 1 ${ofWrong}`)
  await Promise.all([wrong.close(), right.close()])
})

test('whatever is broken after it was pruned is told', async () => {
  const shop = await anOldShop(testDatabase)
  const { holds, orders, beforeMs } = await aSale(shop)
  await pruneBefore(database, beforeMs)
  const product = sql`product_id = ${shop.productId}`
  const lasts = sql`hold_id = ${holds.lasts.holdId}`
  const cash = sql`order_id = ${orders.cash.orderId}`
  const sold = sql`order_id = ${orders.sold.orderId}`
  const entry = sql`product_id = ${shop.productId} and seq = 7`
  const blamed: Record<string, readonly string[]> = {}
  const blame = async (what: string, broken: RawBuilder<unknown>, mended: RawBuilder<unknown>) => {
    await run(broken)
    const { violations } = await shop.audit()
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
  expect((await shop.audit()).ok).toBe(true)
  await shop.close()
})

test('a random sale that is pruned while it goes on, and again at its end, has right books', async () => {
  const sale = await createTestDatabase()
  onTestFinished(() => sale.drop())
  const told: Pruned[] = []
  const pruneTo = async (beforeMs: number) => {
    const { isRight, told: more } = await pruneBefore(sale.database, beforeMs)
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

  const all = await auditOf(sale.database)
  for (const part of [0.8, 0.9, 1]) {
    await pruneTo(START_MS + Math.ceil((endMs - START_MS) * part))
    expect((await auditOf(sale.database)).violations).toEqual([])
  }

  expect(all.violations).toEqual([])
  const holds = told.reduce((sum, { done }) => sum + (done?.holds ?? 0), 0)
  const outcomes = told.reduce((sum, { done }) => sum + (done?.outcomes ?? 0), 0)
  expect(holds).toBeGreaterThan(20)
  expect(outcomes).toBeGreaterThan(50)
})
