import { parseEntry } from '@flashlane/db'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { untilTold, withKey } from '../support/shop.ts'

let flashlane: Flashlane

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 2 })
})
afterAll(() => flashlane.stop())

const STOCK = 100
const BUYERS = 1_000

test('1,000 buyers of 100 units at once, over two apis and two workers: exactly what fits is granted', async () => {
  const productId = await flashlane.product({ stock: STOCK })

  const answers = await Promise.all(
    Array.from({ length: BUYERS }, (_, n) =>
      untilTold(() =>
        flashlane
          .api()
          .post('/api/holds', { product_id: productId, qty: 1 + (n % 3) }, withKey(`buyer ${n}`)),
      ),
    ),
  )

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]))
  const granted = answers
    .filter(({ status }) => status === 201)
    .reduce((sum, { body }) => sum + Number(body['qty']), 0)
  expect(granted).toBe(STOCK)
  const { body: product } = await flashlane.api().get(`/api/products/${productId}`)
  expect(product).toMatchObject({ available_stock: 0, held: STOCK, sold: 0 })
})

test('at every journal entry of that sale, held and sold are within the stock, and seq has no gap', async () => {
  const { rows } = await sql<{
    product_id: number
    seq: number
    applied_at_ms: number
    body: string
  }>`
    select product_id, seq, applied_at_ms, body from journal order by product_id, seq
  `.execute(flashlane.database.db)
  const bySeq = Map.groupBy(rows, (row) => row.product_id)

  for (const entries of bySeq.values()) {
    expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, n) => n + 1))
    const counters = { stockTotal: 0, held: 0, sold: 0 }
    for (const { entity, after } of entries.flatMap(parseEntry).flatMap((each) => each.changes)) {
      if (entity === 'product') Object.assign(counters, after)
      expect(counters.held + counters.sold).toBeLessThanOrEqual(counters.stockTotal)
      expect(Math.min(counters.held, counters.sold)).toBeGreaterThanOrEqual(0)
    }
    expect(counters).toMatchObject({ stockTotal: STOCK, held: STOCK, sold: 0 })
  }
  expect(bySeq.size).toBe(1)
})
