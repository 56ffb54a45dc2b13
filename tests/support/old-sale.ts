/** A product's sale of twenty days ago, on a real database: its lane goes by a clock that can be set. */
import { audit, type Report } from '@flashlane/audit'
import { prune, type Pruned } from '@flashlane/audit/prune.ts'
import { type Command, EXPIRY_GRACE_MS, type PlaceHold } from '@flashlane/core'
import { connect, type Database, withSnapshot } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { type RawBuilder, sql } from 'kysely'
import { createHash } from 'node:crypto'
import { setImmediate as pause } from 'node:timers/promises'
import { pino } from 'pino'
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
} from './commands.ts'
import type { TestDatabase } from './database.ts'

const log = pino({ level: 'silent' })
const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const BEGIN_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS

export type OldShop = Awaited<ReturnType<typeof anOldShop>>

/** The database's clock is set as one connection sees it, so that entries are as old as they say. */
export async function anOldShop({ url, database }: Pick<TestDatabase, 'url' | 'database'>) {
  const own = connect({ url, poolSize: 1, multipleStatements: true })
  const setClock = (ms: number) => sql`set timestamp = ${sql.lit(ms / 1_000)}`.execute(own.db)
  let nowMs = BEGIN_MS
  await setClock(nowMs)
  const productId = await aProduct(own, { stock: 10 })
  return {
    database,
    productId,
    nowMs: () => nowMs,
    async wait(ms: number): Promise<void> {
      nowMs += ms
      await setClock(nowMs)
    },
    /** One batch, accepted and applied now. */
    async apply(...commands: Command[]) {
      const batch = aBatch(commands.map((each) => ({ ...each, acceptedAtMs: nowMs })))
      const { decided } = await applyBatch(createStore(own, log), batch)
      return decided.map(({ outcome }) => outcome)
    },
    audit: () => auditOf(database, productId),
    entries: () =>
      idsIn(
        database,
        sql`select seq as id from journal where product_id = ${productId} order by seq`,
      ),
    holds: () =>
      idsIn(
        database,
        sql`select hold_id as id from holds where product_id = ${productId} order by hold_id`,
      ),
    close: () => own.close(),
  }
}

export const auditOf = (database: Database, productId?: number): Promise<Report> =>
  withSnapshot(database, (books) =>
    audit(books, { pause, ...(productId === undefined ? {} : { productId }) }),
  )

export async function idsIn(
  { db }: Database,
  query: RawBuilder<unknown>,
): Promise<readonly string[]> {
  const { rows } = await query.execute(db)
  return (rows as { id: string | number }[]).map(({ id }) => String(id))
}

export async function pruneBefore(database: Database, beforeMs: number) {
  const told: Pruned[] = []
  const isRight = await prune(database, { beforeMs, pause, tell: (pruned) => told.push(pruned) })
  return { isRight, told, of: (id: number) => told.find(({ productId }) => productId === id) }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
/** The same, sent once more. */
export const again = <Each extends Command>(command: Each): Each => ({ ...command })

export const expireNow = ({ productId, nowMs }: OldShop, hold: PlaceHold) =>
  anExpireDue(productId, [hold.holdId], nowMs())

/** Six entries, the moment that is pruned up to, and three that go on: with what stands, and naming what is pruned. */
export async function aSale(shop: OldShop) {
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
