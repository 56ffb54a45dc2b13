import { expect, test } from 'vitest'
import { makeUsual } from '@flashlane/worker/usual.ts'

test('the first value is the usual one', () => {
  expect(makeUsual()(120)).toBe(120)
})

test('one that stands out moves it by an eighth', () => {
  const usual = makeUsual()
  usual(120)

  expect(usual(200)).toBe(130)
})

test('what goes on becomes usual', () => {
  const usual = makeUsual()
  usual(1)
  const values = Array.from({ length: 40 }, () => usual(256))

  expect(values.at(-1)).toBeGreaterThan(250)
})
