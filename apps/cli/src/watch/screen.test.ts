import type { Product } from '@flashlane/client'
import { expect, test } from 'vitest'
import type { Lane } from '../lanes.ts'
import { answersIn } from './answers.ts'
import type { Sample } from './sample.ts'
import { lineOf, screenOf } from './screen.ts'

const aProduct = (id: number, over: Partial<Product> = {}) =>
  ({
    id,
    name: `Lamp ${id}`,
    sale_state: 'open',
    available_stock: 90,
    held: 4,
    sold: 6,
    version: 10,
    ...over,
  }) as Product

const aSample = (over: Partial<Sample> = {}): Sample => ({
  takenMs: 0,
  at: new Date('2026-11-27T09:00:01.000Z'),
  products: [aProduct(1), aProduct(2)],
  productsInAll: 2,
  lanes: [{ lane: 'p2', product_id: 2, depth: 512, oldest_age_ms: 12 } as Lane],
  refundsDue: 3,
  deadLetters: 1,
  answers: new Map([['PlaceHold applied', 100]]),
  ...over,
})

const SIZE = { rows: 24, columns: 120 }

test('rates are what happened between two looks, by the time between them', () => {
  const later = aSample({
    takenMs: 2_000,
    products: [aProduct(1), aProduct(2, { sold: 46, version: 30 })],
    answers: new Map([
      ['PlaceHold applied', 1_100],
      ['PlaceOrder applied', 40],
    ]),
  })

  const screen = screenOf(later, aSample(), SIZE).split('\n')

  expect(screen[0]).toContain('refunds due 3  dead letters 1')
  // What moves stands first.
  expect(screen[3]).toMatch(/^2 Lamp 2 +open +90 +4 +46 +20 +10 +512 +12$/)
  expect(screen[4]).toMatch(/^1 Lamp 1 +open +90 +4 +6 +0 +0 +- +-$/)
  expect(screen.join('\n')).toMatch(/PlaceHold applied +500 +1,100\nPlaceOrder applied +20 +40/)
})

test('the first look has no rates, and a process that began anew has none below zero', () => {
  const first = lineOf(aSample(), null)
  const anew = lineOf(aSample({ takenMs: 1_000, answers: new Map() }), aSample())

  expect(first).toContain('sold 12  sold/s -  depth 512  answers/s -')
  expect(anew).toContain('answers/s -')
  expect(
    lineOf(aSample({ takenMs: 1_000, answers: new Map([['PlaceHold applied', 7]]) }), aSample()),
  ).toContain('answers/s 0')
})

test('a catalogue of a hundred fits on the screen, and what does not is counted', () => {
  const products = Array.from({ length: 100 }, (_, n) => aProduct(n + 1))

  const screen = screenOf(aSample({ products, productsInAll: 5_000 }), null, SIZE).split('\n')

  expect(screen.length).toBeLessThanOrEqual(SIZE.rows)
  expect(screen.some((line) => line === '... and 4,985 more')).toBe(true)
  expect(screen.some((line) => line.startsWith('answers of this api'))).toBe(true)
})

test('answers are counted from the metrics of an api, by command and kind', () => {
  const metrics = [
    '# TYPE flash_api_answer_seconds histogram',
    'flash_api_answer_seconds_bucket{le="0.1",command="PlaceHold",answer="applied"} 5',
    'flash_api_answer_seconds_count{command="PlaceHold",answer="applied"} 7',
    'flash_api_answer_seconds_count{command="PlaceHold",answer="queued"} 2',
    'flash_api_waiting 3',
  ].join('\n')

  expect(Object.fromEntries(answersIn(metrics))).toEqual({
    'PlaceHold applied': 7,
    'PlaceHold queued': 2,
  })
})
