import { expect, test } from 'vitest'
import { createCatalogue } from './catalogue.ts'

function aCatalogue(products: readonly number[]) {
  const asked: number[] = []
  const clock = { ms: 0 }
  const catalogue = createCatalogue({
    async exists(productId) {
      asked.push(productId)
      return products.includes(productId)
    },
    monotonicMs: () => clock.ms,
  })
  return { ...catalogue, asked, clock }
}

test('a product is asked for once, ever', async () => {
  const it = aCatalogue([7])

  expect(await it.has(7)).toBe(true)
  expect(it.has(7)).toBe(true)
  expect(it.asked).toEqual([7])
})

test('one that is not there is asked for once a second', async () => {
  const it = aCatalogue([])

  expect(await it.has(8)).toBe(false)
  expect(await it.has(8)).toBe(false)
  it.clock.ms = 1_000
  expect(await it.has(8)).toBe(false)

  expect(it.asked).toEqual([8, 8])
})
