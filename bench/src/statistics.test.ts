import { expect, test } from 'vitest'
import { median, spread } from './statistics.ts'

test('the median of an odd number of rounds is the middle one', () => {
  expect(median([30, 10, 20])).toBe(20)
})

test('the median of an even number of rounds lies between the two in the middle', () => {
  expect(median([1, 4, 2, 100])).toBe(3)
})

test('nothing has no median', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('the spread is the range over the median', () => {
  expect(spread([90, 100, 120])).toBeCloseTo(0.3)
})

test('one round says nothing about the spread', () => {
  expect(spread([100])).toBeNull()
})
