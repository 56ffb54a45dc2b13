import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commandId,
  deriveX,
  drawX,
  formatId,
  holdId,
  orderId,
  parseId,
  siblingId,
  timeOf,
} from './ids.ts'

const ids = fc.record({
  kind: fc.constantFrom('hold', 'ord', 'cmd'),
  productId: fc.integer({ min: 1, max: 999_999_999_999_999 }),
  x: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(deriveX),
})
const random = fc.uint8Array({ minLength: 10, maxLength: 10 })
const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 })

test('an id is parsed back to what it was made of', () => {
  fc.assert(
    fc.property(ids, (made) => {
      const id = formatId(made.kind, made.productId, made.x)
      expect(parseId(id)).toEqual(made)
      expect(parseId(siblingId(id, 'ord'))).toEqual({ ...made, kind: 'ord' })
      const { success } = { hold: holdId, ord: orderId, cmd: commandId }[made.kind].safeParse(id)
      expect(success).toBe(true)
    }),
  )
})

const X = '0123456789abcdefghjkmnpqrs'
test.each([
  ['nothing', ''],
  ['another kind', `bin_7_${X}`],
  ['no product', `hold__${X}`],
  ['product 0', `hold_0_${X}`],
  ['a leading zero', `hold_07_${X}`],
  ['a negative product', `hold_-7_${X}`],
  ['a product past every safe number', `hold_1234567890123456_${X}`],
  ['an x too short', `hold_7_${X.slice(1)}`],
  ['an x too long', `hold_7_${X}0`],
  ['capitals', `hold_7_${X.toUpperCase()}`],
  ['letters that look like others', `hold_7_${'i'.repeat(26)}`],
  ['something behind it', `hold_7_${X}\n`],
  ['something before it', ` hold_7_${X}`],
])('%s is no id', (_, text) => {
  expect(parseId(text)).toBeNull()
  expect(holdId.safeParse(text).success).toBe(false)
})

describe('a drawn x', () => {
  test('sorts by its time, whatever the random part', () => {
    fc.assert(
      fc.property(instant, instant, random, random, (aMs, bMs, a, b) => {
        fc.pre(aMs !== bMs)
        expect(drawX(aMs, a) < drawX(bMs, b)).toBe(aMs < bMs)
      }),
    )
  })

  test('is 26 characters of an id, and tells apart what differs in one bit', () => {
    fc.assert(
      fc.property(instant, random, fc.nat(79), (nowMs, bytes, bit) => {
        const other = Uint8Array.from(bytes, (byte, i) =>
          i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
        )
        const x = drawX(nowMs, bytes)
        expect(parseId(formatId('hold', 7, x))?.x).toBe(x)
        expect(drawX(nowMs, other)).not.toBe(x)
      }),
    )
  })
})

const digest = (text: string) => createHash('sha256').update(text).digest()

describe('a derived x', () => {
  test('is the same for the same digest, 26 characters of an id', () => {
    expect(deriveX(digest('a key'))).toBe(deriveX(digest('a key')))
    expect(deriveX(digest('a key'))).not.toBe(deriveX(digest('another key')))
    expect(deriveX(digest('a key'))).toHaveLength(26)
  })

  test('holds all of the first 128 bits, and no more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(255), (bytes, bit) => {
        const other = Uint8Array.from(bytes, (byte, i) =>
          i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
        )
        expect(deriveX(other) === deriveX(bytes)).toBe(bit >= 128)
      }),
    )
  })
})

test('a drawn id tells when it was drawn', () => {
  expect(timeOf(drawX(1_800_000_123_456, new Uint8Array(10).fill(255)))).toBe(1_800_000_123_456)
})
