import { expect, test } from 'vitest'
import { aHash, anAdjustStock, aShop, givenHold, givenOrder, START_MS } from '../builders.ts'
import { STOCK_MAX } from '../limits.ts'
import { emptyState } from '../state.ts'
import { decideInto } from '../fold.ts'

test('stock goes down to what is held and sold, and no lower: nothing granted is taken back', () => {
  const shop = aShop({ stockTotal: 10 })
  givenHold(shop, { quantity: 2 })
  givenOrder(shop, { quantity: 3, payment: 'cash_on_delivery' })

  expect(shop.tell(anAdjustStock({ set: 4 }))).toMatchObject({
    reason: 'stock_below_committed',
    facts: { minimum: 5 },
  })
  expect(shop.tell(anAdjustStock({ delta: -6 }))).toMatchObject({ facts: { minimum: 5 } })
  expect(shop.product().stockTotal).toBe(10)
  expect(shop.tell(anAdjustStock({ set: 5 }))).toMatchObject({
    result: { type: 'stock', stockTotal: 5, held: 2, sold: 3 },
  })
})

test('stock is added to and set', () => {
  const shop = aShop({ stockTotal: 1 })

  shop.tell(anAdjustStock({ delta: 4 }))
  expect(shop.product().stockTotal).toBe(5)
  shop.tell(anAdjustStock({ set: 3 }))
  expect(shop.product().stockTotal).toBe(3)
  shop.tell(anAdjustStock({ set: 0 }))
  expect(shop.product().stockTotal).toBe(0)
})

test('stock has a limit', () => {
  const shop = aShop({ stockTotal: STOCK_MAX })

  expect(shop.tell(anAdjustStock({ delta: 1 }))).toMatchObject({
    reason: 'stock_above_limit',
    facts: { maximum: STOCK_MAX },
  })
})

test('a product is the first entry of its journal: version 1, all of it available', () => {
  const state = emptyState()

  const { outcome, changes } = decideInto(
    state,
    {
      type: 'CreateProduct',
      commandId: `cmd_7_${'0'.repeat(26)}`,
      productId: 7,
      acceptedAtMs: START_MS,
      fingerprint: aHash('a lamp'),
      name: 'A lamp',
      description: '',
      image: null,
      price: 50,
      currency: 'USD',
      stockTotal: 10,
      saleStartsAtMs: null,
      saleEndsAtMs: null,
      maxPerHold: null,
      maxPerCustomer: null,
      isPaused: false,
    },
    START_MS,
  )

  expect(outcome).toEqual({
    outcome: 'accepted',
    version: 1,
    result: { type: 'product', product: state.products.get(7) },
  })
  expect(changes).toMatchObject([{ entity: 'product', before: null, after: { version: 1 } }])
  expect(state.products.get(7)).toMatchObject({ held: 0, sold: 0, appliedAtMs: START_MS })
})
