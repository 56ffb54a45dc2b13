import { expect, test } from 'vitest'
import { formatLayout, laneOf, layout, queueName } from './lane.ts'

test('every product has a lane of its own, or one of a few', () => {
  expect(laneOf(42, layout.parse('per-product'))).toBe('p42')
  expect(laneOf(42, layout.parse('shared:8'))).toBe('s2')
  expect(queueName('p42')).toBe('{flashlane-p42}')
})

test.each(['per-product', 'shared:1', 'shared:1024'])(
  'the layout %s is read and written',
  (text) => {
    expect(formatLayout(layout.parse(text))).toBe(text)
  },
)

test.each(['', 'shared', 'shared:0', 'shared:-1', 'shared:1025', 'shared:4 ', 'per-customer'])(
  '"%s" is no layout',
  (text) => {
    expect(layout.safeParse(text).success).toBe(false)
  },
)
