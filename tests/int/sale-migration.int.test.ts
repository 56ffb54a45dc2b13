/** The rules of a sale come to a database that is in the middle of one: its rows are older than the columns. */
import type { Command } from '@flashlane/core'
import { connect, type Database, findHold, findProduct, parseEntry } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as products from '../../packages/db/migrations/0001_products.ts'
import * as holdsAndOrders from '../../packages/db/migrations/0002_holds_and_orders.ts'
import * as payments from '../../packages/db/migrations/0003_payments.ts'
import * as journal from '../../packages/db/migrations/0004_journal.ts'
import * as settings from '../../packages/db/migrations/0005_settings.ts'
import * as saleRules from '../../packages/db/migrations/0006_sale_rules.ts'
import * as orphansAndReplays from '../../packages/db/migrations/0007_orphans_and_replays.ts'
import {
  aBatch,
  aChangeProduct,
  anExtendHold,
  aPlaceHold,
  aPlaceOrder,
} from '../support/commands.ts'
import { required } from '../support/database.ts'

const PRODUCT_ID = 7
const name = `flashlane_test_${randomBytes(6).toString('hex')}`
let server: Database
let database: Database

beforeAll(async () => {
  const url = new URL(required('MYSQL_URL'))
  server = connect({ url: url.href, poolSize: 1, multipleStatements: false })
  await sql`create database ${sql.id(name)}`.execute(server.db)
  url.pathname = `/${name}`
  database = connect({ url: url.href, poolSize: 2, multipleStatements: true })
})
afterAll(async () => {
  await database.close()
  await sql`drop database ${sql.id(name)}`.execute(server.db)
  await server.close()
})

test('a product and holds of the version before are sold on: no rule is theirs until one is made', async () => {
  const db: Kysely<unknown> = database.db as never
  for (const { up } of [products, holdsAndOrders, payments, journal, settings]) await up(db)
  const held = aPlaceHold(PRODUCT_ID)
  const sold = aPlaceHold(PRODUCT_ID)
  const order = aPlaceOrder(sold)
  const nowMs = Date.now()
  const expiresAtMs = nowMs + 120_000
  await sql`insert into products values (7, 'Lamp', '', null, 50, 'USD', 9, 2, 1, 4, ${nowMs})`.execute(
    db,
  )
  await sql`
    insert into holds values
    (${held.holdId}, 7, 'active', 2, 2, 50, 'USD', 'ann', ${nowMs}, ${expiresAtMs}, 120000, null, null,
     ${expiresAtMs}, 3, null),
    (${sold.holdId}, 7, 'ordered', 1, 1, 50, 'USD', 'ann', ${nowMs}, ${expiresAtMs}, 120000,
     ${order.orderId}, ${nowMs}, ${expiresAtMs}, 3, null)`.execute(db)
  await sql`
    insert into orders values
    (${order.orderId}, 7, ${sold.holdId}, 'paid', 1, 50, 50, 'USD', 'ann', ${nowMs}, ${expiresAtMs}, ${nowMs},
     0, null, 'pending', 4, null)`.execute(db)

  await saleRules.up(db)
  await orphansAndReplays.up(db)

  expect(await findProduct(database, PRODUCT_ID)).toMatchObject({
    saleStartsAtMs: null,
    saleEndsAtMs: null,
    maxPerHold: null,
    maxPerCustomer: null,
    isPaused: false,
    held: 2,
    sold: 1,
  })
  const commands: Command[] = [
    aPlaceHold(PRODUCT_ID),
    anExtendHold(held),
    aChangeProduct(PRODUCT_ID, { maxPerCustomer: 3 }),
    aPlaceHold(PRODUCT_ID, { customerRef: 'ann' }),
  ]
  const { outcomes } = await applyBatch(
    createStore(database, pino({ level: 'silent' })),
    aBatch(commands),
  )
  expect(outcomes).toMatchObject([
    { outcome: 'accepted', version: 5 },
    { outcome: 'accepted' },
    { outcome: 'accepted' },
    { outcome: 'refused', reason: 'customer_limit', facts: { limit: 3, used: 3 } },
  ])
  expect(await findHold(database, held.holdId)).toMatchObject({ extensions: 1, quantity: 2 })
})

test('a worker of the version before goes on while the rules are there already', async () => {
  const { db } = database
  const hold = aPlaceHold(PRODUCT_ID)
  const nowMs = Date.now()

  await sql`
    insert into holds (hold_id, product_id, status, quantity, requested_qty, unit_price, currency, customer_ref,
      created_at_ms, expires_at_ms, ttl_ms, order_id, ended_at_ms, born_expires_at_ms, born_version, fingerprint)
    values (${hold.holdId}, 7, 'active', 1, 1, 50, 'USD', null, ${nowMs}, ${nowMs}, 1, null, null, ${nowMs}, 5, null)
  `.execute(db)

  expect(await findHold(database, hold.holdId)).toMatchObject({ extensions: 0, status: 'active' })
})

test('an entry of the version before is read whole: its hold was never extended, its product has no rules', () => {
  const command = aPlaceHold(PRODUCT_ID)
  const { type: _type, ...head } = command
  const hold = {
    status: 'active',
    requestedQuantity: 1,
    unitPrice: 50,
    currency: 'USD',
    createdAtMs: 1,
    expiresAtMs: 120_001,
    bornExpiresAtMs: 120_001,
    bornVersion: 2,
  }
  const change = { entity: 'hold', id: command.holdId, before: null, after: hold }
  const product = { entity: 'product', id: '7', before: null, after: { held: 0, sold: 0 } }
  const body = JSON.stringify([
    { n: 0, command, outcome: { outcome: 'accepted' }, changes: [change] },
    { n: 1, command: { ...head, type: 'CreateProduct' }, outcome: {}, changes: [product] },
  ])

  const [placed, created] = parseEntry({ seq: 2, applied_at_ms: 1, body })

  expect(placed?.changes[0]?.after).toMatchObject({ ...hold, quantity: 1, extensions: 0 })
  expect(placed?.outcome).toMatchObject({ result: { hold: { quantity: 1, expiresInMs: 120_000 } } })
  expect(created?.changes[0]?.after).toMatchObject({
    saleStartsAtMs: null,
    saleEndsAtMs: null,
    maxPerHold: null,
    maxPerCustomer: null,
    isPaused: false,
  })
})
