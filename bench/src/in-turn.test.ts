import { expect, test } from 'vitest'
import { inTurn } from './in-turn.ts'

test('each round measures everything once before the next begins', async () => {
  const order: string[] = []
  const cell = (key: string) => ({
    key,
    async measure() {
      order.push(key)
      return order.length
    },
  })

  const results = await inTurn(2, [cell('a'), cell('b'), cell('c')])

  expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  expect(results.of('b')).toEqual([2, 5])
})

test('what nobody measured is a fault', async () => {
  const results = await inTurn(1, [])

  expect(() => results.of('a')).toThrow('a was not measured')
})
