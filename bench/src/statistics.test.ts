import { expect, test } from 'vitest'
import { median, quartiles, spread } from './statistics.ts'

test('the median of an odd number of rounds is the middle one', () => {
  expect(median([30, 10, 20])).toBe(20)
})

test('the median of an even number of rounds lies between the two in the middle', () => {
  expect(median([1, 4, 2, 100])).toBe(3)
})

test('nothing has no median', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('the quartiles have the middle half between them', () => {
  expect(quartiles([5, 1, 4, 2, 3])).toEqual([2, 4])
  expect(quartiles([10, 20])).toEqual([12.5, 17.5])
})

test('the spread is the middle half over the median: one round that was disturbed does not count', () => {
  expect(spread([90, 100, 110, 100, 900])).toBeCloseTo(0.1)
})

test('one round says nothing about the spread', () => {
  expect(spread([100])).toBeNull()
})
