/** New rows that share most of their values are told to the server as JSON: what it stores is what was written out before. */
import { HOLDS_DIFFER, type HoldRow, insertAlike, insertRows } from '@flashlane/db'
import type { CompiledQuery } from 'kysely'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())
beforeEach(async () => {
  await sql`delete from holds`.execute(testDatabase.database.db)
})

/** From so many on, JSON is taken. */
const MANY = 32
const NOW_MS = 1_900_000_000_000

const aRow = (n: number, made: Partial<HoldRow> = {}): HoldRow => ({
  hold_id: `hold_1_${String(n).padStart(26, '0')}`,
  product_id: 1,
  status: 'active',
  quantity: 1,
  requested_qty: 1,
  unit_price: 50,
  currency: 'USD',
  customer_ref: null,
  created_at_ms: NOW_MS,
  expires_at_ms: NOW_MS + 1,
  ttl_ms: 1,
  extensions: 0,
  order_id: null,
  ended_at_ms: null,
  born_expires_at_ms: NOW_MS + 1,
  born_version: 2,
  fingerprint: null,
  ...made,
})

const rows = (made: (n: number) => Partial<HoldRow>, count = MANY): HoldRow[] =>
  Array.from({ length: count }, (_, n) => aRow(n, made(n)))

const run = async (queries: readonly CompiledQuery[]) => {
  for (const query of queries) await testDatabase.database.db.executeQuery(query)
}

const stored = async (): Promise<HoldRow[]> => {
  const found = await testDatabase.database.db
    .selectFrom('holds')
    .selectAll()
    .orderBy('hold_id')
    .execute()
  return found
}

/** What quoting would make something of. */
const NAMED = {
  customer_ref: Buffer.from([...Buffer.from(`'); \\"\u0000\n`), 255, 0]),
  fingerprint: Buffer.alloc(16, 254),
}

const isJson = ({ sql: text }: CompiledQuery): boolean => text.includes('json_table(')

test.each([
  ['only their ids', () => ({})],
  ['quantities', (n: number) => ({ quantity: 1 + n, requested_qty: 100 })],
  ['prices, to the largest', (n: number) => ({ unit_price: Number.MAX_SAFE_INTEGER - n })],
  ['their products', (n: number) => ({ product_id: 1 + n, born_version: 100 + n })],
  ['nothing else, all of them with a name and a key', () => NAMED],
])('rows that differ in %s are stored as they are when each is written out', async (_, made) => {
  const all = rows(made)
  const asJson = insertAlike('holds', HOLDS_DIFFER, all)
  expect(asJson.map(isJson)).toEqual([true])

  await run(asJson)

  expect(await stored()).toEqual(all)
  await sql`delete from holds`.execute(testDatabase.database.db)
  await run(insertRows('holds', all))
  expect(await stored()).toEqual(all)
})

test.each([
  ['that are few', rows(() => ({}), MANY - 1)],
  ['that differ where no type is told', rows((n) => ({ extensions: n }))],
  ['that have names of their own', rows((n) => ({ customer_ref: Buffer.from([n]) }))],
  [
    'that differ in many columns',
    rows((n) => ({ quantity: 1 + n, requested_qty: 99, unit_price: n, ttl_ms: n })),
  ],
])('rows %s are written out', (_, all) => {
  expect(insertAlike('holds', HOLDS_DIFFER, all).map(isJson)).toEqual([false])
})

test('no rows are no statement', () => {
  expect(insertAlike('holds', HOLDS_DIFFER, [])).toEqual([])
})

test.each([
  ['an id that is too long', { hold_id: 'x'.repeat(65) }],
  ['an id with a letter that is not ASCII', { hold_id: `hold_é` }],
  ['more units than were asked for', { quantity: 2 }],
  ['a quantity past its column', { quantity: 3_000_000_000, requested_qty: 3_000_000_000 }],
])(
  '%s is refused as it is when written out, and no row of the batch is stored',
  async (_, made) => {
    const all = rows((n) => (n === 3 ? made : {}))

    await expect(run(insertAlike('holds', HOLDS_DIFFER, all))).rejects.toHaveProperty('sqlState')
    await expect(run(insertRows('holds', all))).rejects.toHaveProperty('sqlState')

    expect(await stored()).toEqual([])
  },
)

test('an id that is there already is refused with the error that tells of a broken fence', async () => {
  await run(insertRows('holds', [aRow(5)]))

  const [query] = insertAlike(
    'holds',
    HOLDS_DIFFER,
    rows(() => ({})),
  )

  await expect(run(query ? [query] : [])).rejects.toMatchObject({ errno: 1062 })
  expect(await stored()).toHaveLength(1)
})
