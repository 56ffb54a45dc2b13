/** A batch over many products: their rows say what was decided, whether many change alike or each by its own. */
import { findProducts } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBatch, anAdjustStock, aPlaceHold, aProduct, aReleaseHold } from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const STOCK = 100

const products = async (count: number): Promise<number[]> => {
  const make = () => aProduct(testDatabase.database, { stock: STOCK })
  const ids = await Promise.all(Array.from({ length: count }, make))
  return ids.toSorted((a, b) => a - b)
}

const byId = (a: { productId: number }, b: { productId: number }) => a.productId - b.productId
const shownOf = async (ids: readonly number[]) =>
  (await findProducts(testDatabase.database, ids)).toSorted(byId)

/** The join is taken from seven kinds of change on. */
test.each([
  ['all alike', 12, () => 1],
  ['in three kinds', 12, (n: number) => 1 + (n % 3)],
  ['in six kinds', 12, (n: number) => 1 + (n % 6)],
  ['in seven kinds', 12, (n: number) => 1 + (n % 7)],
  ['each by its own', 12, (n: number) => 1 + n],
])(
  'products that change %s: each row says what was decided of it, and no other row changes',
  async (_how, count, quantityOf) => {
    const store = createStore(testDatabase.database, pino({ level: 'silent' }))
    const [bystander = 0, ...ids] = await products(count + 1)
    const [older = 0] = ids
    await applyBatch(store, aBatch([aPlaceHold(older, { quantity: 50 })]))
    const [olderBefore, ...othersBefore] = await shownOf(ids)
    const bystanderBefore = await shownOf([bystander])

    const applied = await applyBatch(
      store,
      aBatch(ids.map((id, n) => aPlaceHold(id, { quantity: quantityOf(n) }))),
    )

    const shown = await shownOf(ids)
    expect([olderBefore?.held, olderBefore?.version, othersBefore[0]?.version]).toEqual([50, 2, 1])
    expect(shown.map(({ held, version }) => [held, version])).toEqual(
      ids.map((id, n) => (id === older ? [51, 3] : [quantityOf(n), 2])),
    )
    expect(shown).toEqual(applied.products.toSorted(byId))
    expect(await shownOf([bystander])).toEqual(bystanderBefore)
  },
)

test('a batch that holds, releases and changes the stock of several products leaves each row as decided', async () => {
  const store = createStore(testDatabase.database, pino({ level: 'silent' }))
  const [held = 0, released = 0, adjusted = 0, refused = 0] = await products(4)
  const first = aPlaceHold(released, { quantity: 5 })
  await applyBatch(store, aBatch([first, aPlaceHold(held, { quantity: 2 })]))

  const applied = await applyBatch(
    store,
    aBatch([
      aPlaceHold(held, { quantity: 3 }),
      aReleaseHold(first),
      anAdjustStock(adjusted, { delta: -40 }),
      anAdjustStock(refused, { delta: -STOCK - 1 }),
    ]),
  )

  const shown = await shownOf([held, released, adjusted, refused])
  expect(shown.map((each) => [each.stockTotal, each.held, each.sold, each.version])).toEqual([
    [STOCK, 5, 0, 3],
    [STOCK, 0, 0, 3],
    [STOCK - 40, 0, 0, 2],
    [STOCK, 0, 0, 2],
  ])
  expect(shown).toEqual(applied.products.toSorted(byId))
})
