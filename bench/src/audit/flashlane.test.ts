import { expect, test } from 'vitest'
import { faultsOf } from './flashlane.ts'

const product = { product_id: 7, stock_total: 10, held: 3, sold: 2, version: 4 }
const units = { held: 3, sold: 2 }
const journal = { entries: 4, last: 4 }

test('books that agree have no faults', () => {
  expect(faultsOf(product, units, journal)).toEqual([])
})

test.each([
  ['oversold', { ...product, stock_total: 4 }, units, journal],
  ['3 held, its rows 2', product, { held: 2, sold: 2 }, journal],
  ['2 sold, its rows 1', product, { held: 3, sold: 1 }, journal],
  ['3 entries up to 4', product, units, { entries: 3, last: 4 }],
  ['3 held, its rows 0', product, { held: 0, sold: 2 }, journal],
])('what does not add up is told: %s', (words, ...books) => {
  expect(faultsOf(...books)).toEqual([expect.stringContaining(words)])
})
