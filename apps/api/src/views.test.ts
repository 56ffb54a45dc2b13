import type { Product } from '@flashlane/core'
import { expect, test } from 'vitest'
import { publicProductView, saleState } from './views.ts'

const lamp: Product = {
  productId: 7,
  name: 'Lamp',
  description: '',
  image: null,
  price: 1,
  currency: 'USD',
  stockTotal: 100,
  held: 20,
  sold: 30,
  saleStartsAtMs: null,
  saleEndsAtMs: null,
  maxPerHold: null,
  maxPerCustomer: null,
  isPaused: false,
  version: 3,
  appliedAtMs: 1,
}

test('where a shop shows no more than that there are many, no counter tells how many', () => {
  const show = (stockShownMax?: number) => publicProductView(lamp, { nowMs: 1, stockShownMax })

  expect(show()).toMatchObject({ available_stock: 50, stock_total: 100, sold: 30 })
  expect(show(60)).toMatchObject({ available_stock: 50, available: 50 })
  const shown = show(10)
  expect(shown).toMatchObject({ available_stock: 10, available: 10, is_sold_out: false })
  const told = Object.entries(shown).filter(([, value]) =>
    [100, 50, 30, 20].includes(Number(value)),
  )
  expect(told).toEqual([])
})

test.each([
  ['before its window', { saleStartsAtMs: 11 }, 'scheduled'],
  ['at its beginning', { saleStartsAtMs: 10 }, 'open'],
  ['just before its end', { saleEndsAtMs: 11 }, 'open'],
  ['at its end', { saleEndsAtMs: 10 }, 'ended'],
  ['paused, whatever its window', { isPaused: true, saleEndsAtMs: 10 }, 'paused'],
] as const)('a sale %s is %s', (_, over, state) => {
  expect(saleState({ ...lamp, ...over }, 10)).toBe(state)
})
