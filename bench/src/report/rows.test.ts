import { expect, test } from 'vitest'
import { type Claim, judge } from '../claim.ts'
import { memoryRows, rowOf } from './rows.ts'

const claim: Claim = {
  scenario: 'P1',
  what: 'one hot product',
  values: [26_100, 25_000, 27_000],
  unit: '/s',
  other: { kind: 'ceiling', name: 'no-op', values: [32_500] },
  bar: { atLeast: 0.65 },
}
const quiet = { noise: 0, faults: [] }

test('a ratio to the ceiling stands beside it, and the bar is a ratio', () => {
  expect(rowOf(judge(claim, quiet))).toEqual([
    'P1',
    'one hot product',
    '26,100/s',
    '32,500/s no-op',
    '',
    '0.80',
    '>= 0.65 x',
    '4 %',
    'pass',
  ])
})

test('a figure that is judged by itself has a bar with its unit, and no ratio', () => {
  const alone: Claim = {
    ...claim,
    values: [1.834],
    unit: 'ms',
    other: null,
    bar: { atMost: 2.5 },
  }

  expect(rowOf(judge(alone, quiet)).slice(2)).toEqual([
    '1.83 ms',
    '',
    '',
    '',
    '<= 2.50 ms',
    'one round',
    'pass',
  ])
})

test('of a process that ran twice the larger memory is shown, and judged where there is a bar', () => {
  const memory = [
    { process: 'api', mb: 200, mbMax: 300 },
    { process: 'api', mb: 310, mbMax: 300 },
    { process: 'worker', mb: 500, mbMax: null },
  ]

  expect(memoryRows([{ title: 'Growth', memory }])).toEqual([
    ['Growth', 'api', '310 MB', '<= 300 MB', 'short'],
    ['Growth', 'worker', '500 MB', '', ''],
  ])
})
