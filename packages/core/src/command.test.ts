import { expect, test } from 'vitest'
import { aPayment, aPlaceHold } from './builders.ts'
import { command, foreignName } from './command.ts'
import { FOREIGN_NAME_BYTES_MAX } from './limits.ts'

test.each([0, -1, 1.5, '2', Number.NaN, 101, 2 ** 31, null])(
  'a quantity of %s is none',
  (quantity) => {
    expect(command.safeParse({ ...aPlaceHold(), quantity }).success).toBe(false)
  },
)

test('what a command does not know is not let through', () => {
  expect(command.safeParse({ ...aPlaceHold(), price: 1 }).success).toBe(false)
})

test('a foreign name is at most 255 bytes of UTF-8, not characters', () => {
  expect(foreignName.safeParse('é'.repeat(127)).success).toBe(true)
  expect(foreignName.safeParse('é'.repeat(128)).success).toBe(false)
  expect(foreignName.safeParse('k'.repeat(FOREIGN_NAME_BYTES_MAX)).success).toBe(true)
  expect(foreignName.safeParse('').success).toBe(false)
})

test('half a character has no bytes, and is no name', () => {
  expect(command.safeParse(aPayment('succeeded', { eventKey: '\ud800' })).success).toBe(false)
})

test.each(['Key-é', 'KEY-E', 'key-é ', '1478'])('the key "%s" is kept as it is', (key) => {
  expect(foreignName.parse(key)).toBe(key)
})
