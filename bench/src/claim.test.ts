import { expect, test } from 'vitest'
import { type Claim, judge } from './claim.ts'

const quiet = { noise: 0.02, faults: [] }

const ceiling = { kind: 'ceiling', name: 'no-op' } as const
const aClaim = (over: Partial<Claim> = {}): Claim => ({
  scenario: 'P1',
  what: 'one hot product',
  values: [700, 650, 720],
  unit: '/s',
  other: { ...ceiling, values: [1_000, 1_000, 1_000] },
  bar: { atLeast: 0.65 },
  ...over,
})

test('a ratio of medians that reaches the bar passes', () => {
  expect(judge(aClaim(), quiet)).toMatchObject({
    figure: 700,
    otherFigure: 1_000,
    ratio: 0.7,
    verdict: 'pass',
  })
})

test('one that does not is short', () => {
  expect(judge(aClaim({ bar: { atLeast: 0.71 } }), quiet).verdict).toBe('short')
})

test('a bar from above is cleared from below', () => {
  const claim = aClaim({ values: [2], unit: 'ms', other: null })

  expect(judge({ ...claim, bar: { atMost: 2.5 } }, quiet).verdict).toBe('pass')
  expect(judge({ ...claim, bar: { atMost: 1.9 } }, quiet).verdict).toBe('short')
})

test('rounds are compared one by one: a machine that slows down for all of them changes no ratio', () => {
  const slowing = { values: [700, 350, 70], other: { ...ceiling, values: [1_000, 500, 100] } }

  expect(judge(aClaim(slowing), quiet)).toMatchObject({ figure: 350, ratio: 0.7, spread: 0 })
})

test('without a round beside each, the medians are compared', () => {
  const claim = aClaim({ other: { ...ceiling, values: [1_000] } })

  expect(judge(claim, quiet).ratio).toBe(0.7)
})

test('on a noisy machine a ratio near its bar is unclear, and one far from it is judged', () => {
  const noisy = { noise: 0.3, faults: [] }

  expect(judge(aClaim({ bar: { atLeast: 0.69 } }), noisy).verdict).toBe('unclear')
  expect(judge(aClaim({ bar: { atLeast: 0.3 } }), noisy).verdict).toBe('pass')
  expect(judge(aClaim({ bar: { atLeast: 2 } }), noisy).verdict).toBe('short')
})

test('a small spread is no noise', () => {
  expect(judge(aClaim({ bar: { atLeast: 0.69 } }), { noise: 0.1, faults: [] }).verdict).toBe('pass')
})

test('a run with wrong answers has no other verdict', () => {
  expect(judge(aClaim(), { noise: 0.02, faults: ['one unit too many'] }).verdict).toBe('wrong')
})
