import { expect, test } from 'vitest'
import { type Heard, makeEventParser } from './event-stream.ts'

const parseIn = (pieces: readonly string[]): Heard[] => pieces.flatMap(makeEventParser())

const stream = [
  '\uFEFF: a comment',
  'retry: 1500',
  '',
  'event: product',
  'id: 7',
  'data: {"version":7}',
  '',
  ':',
  '',
  'data:one',
  'data: two',
  'unknown: field',
  'retry: soon',
  '',
  'id: 8\0',
  'event: nothing',
  '',
  'data',
  'id',
  '',
  'data: not yet whole',
].join('\n')

const expected = [
  { retryMs: 1_500 },
  { event: 'product', id: '7', data: '{"version":7}' },
  { event: 'message', id: '7', data: 'one\ntwo' },
  { event: 'message', id: '', data: '' },
]

test.each([
  ['LF', '\n'],
  ['CR', '\r'],
  ['CRLF', '\r\n'],
])('lines that end with %s are read alike, wherever the stream is torn', (_, end) => {
  const text = stream.replaceAll('\n', end)

  const whole = parseIn([text])
  const letters = parseIn(text.split(''))

  expect(whole).toEqual(expected)
  expect(letters).toEqual(expected)
  for (let at = 0; at <= text.length; at++) {
    expect(parseIn([text.slice(0, at), text.slice(at)])).toEqual(expected)
  }
})
