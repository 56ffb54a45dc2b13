import { expect, test } from 'vitest'
import { planOf } from '../plan.ts'
import type { Section } from '../section.ts'
import { judgeSection, remarks, type Report } from './report.ts'

const section: Section = {
  title: 'One hot product',
  claims: [
    {
      scenario: 'P1',
      what: 'holds',
      values: [560, 800],
      unit: '/s',
      other: { kind: 'ceiling', name: 'no-op', values: [1_000, 1_000] },
      bar: { atLeast: 0.65 },
    },
  ],
  ceiling: [800, 1_200],
  memory: [],
  faults: [],
  notes: [],
}

const aReport = (over: Partial<Report> = {}): Report => ({
  at: '2026-01-01T00:00:00.000Z',
  tookS: 1,
  plan: planOf({ quick: false, rounds: undefined, seconds: undefined }),
  logLevel: 'warn',
  machine: {
    processors: '2',
    memoryGb: 4,
    system: 'linux',
    versions: {},
    mysql: {},
    redis: {},
    loadBefore: 0,
    commit: 'abc',
  },
  stolen: 0,
  sections: [],
  ...over,
})

test("a section's noise is its ceiling's spread, and makes near ratios unclear", () => {
  const judged = judgeSection(section)

  expect(judged.noise).toBeCloseTo(0.2)
  expect(judged.claims[0]?.verdict).toBe('unclear')
})

test('a fault anywhere in a section makes all its claims wrong', () => {
  expect(judgeSection({ ...section, faults: ['oversold'] }).claims[0]?.verdict).toBe('wrong')
})

test('a noisy machine is told of', () => {
  expect(remarks(aReport({ sections: [judgeSection(section)] }))).toEqual([
    expect.stringContaining('too noisy to judge'),
  ])
})

test('a quiet machine with enough rounds needs no remark', () => {
  const quiet = judgeSection({ ...section, ceiling: [1_000, 1_001] })

  expect(remarks(aReport({ sections: [quiet] }))).toEqual([])
})
