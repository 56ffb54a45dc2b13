import { expect, test } from 'vitest'
import { type Key, updateChanged } from '@flashlane/db'

const KEY: readonly Key[] = [{ column: 'hold_id', type: 'ascii' }]

const aHold = (id: string, made: Record<string, unknown> = {}) => ({
  hold_id: id,
  status: 'active',
  expires_at_ms: 5,
  order_id: null,
  fingerprint: Buffer.from([1, 2]),
  ...made,
})

const textOf = (rows: Parameters<typeof updateChanged>[2]): string[] =>
  updateChanged('holds', KEY, rows).map(({ sql }) => sql)

test('only columns in which a row has changed are written', () => {
  const before = aHold('a')

  const [text, ...others] = textOf([{ before, after: aHold('a', { status: 'released' }) }])

  expect(text).toContain("set status = 'released' where hold_id = 'a'")
  expect(others).toEqual([])
})

test('rows that have changed in different columns each keep what they had in the others', () => {
  const [text] = textOf([
    { before: aHold('a'), after: aHold('a', { status: 'released' }) },
    { before: aHold('b', { expires_at_ms: 6 }), after: aHold('b', { expires_at_ms: 9 }) },
  ])

  expect(text).toMatch(/'a'.*'released'.*\b5\b/)
  expect(text).toMatch(/'b'.*'active'.*\b9\b/)
  expect(text).not.toContain('order_id')
})

test('what is as it was loaded is no statement, its bytes too', () => {
  expect(textOf([{ before: aHold('a'), after: aHold('a') }])).toEqual([])
  expect(textOf([])).toEqual([])
})

test('bytes that have changed are written', () => {
  const [text] = textOf([
    { before: aHold('a'), after: aHold('a', { fingerprint: Buffer.from([1, 3]) }) },
  ])

  expect(text).toContain("set fingerprint = x'0103' where")
})
