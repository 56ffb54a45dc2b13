import { expect, test } from 'vitest'
import { makeRun, only, told } from './made-run.ts'
import { slopeOf } from './series.ts'

const MINUTE_MS = 60_000
const hourOf = (value: (minute: number) => number) =>
  Array.from({ length: 61 }, (_, minute) => ({ atMs: minute * MINUTE_MS, value: value(minute) }))

const claims = async (value: (minute: number) => number) => {
  const series = [{ name: 'worker 1, heap, MB', points: hourOf(value), perHourMax: 5 }]
  return only('C10', await told(makeRun(), { series }))
}

test('a straight line is its own slope, without error', () => {
  const slope = slopeOf(hourOf((minute) => 40 + minute / 2))

  expect(slope?.perHour).toBeCloseTo(30, 9)
  expect(slope?.errorPerHour).toBeCloseTo(0, 9)
})

test('what grows is blamed, under garbage that comes and goes', async () => {
  const sawtooth = (minute: number) => 100 + (minute % 7) * 4

  expect(await claims((minute) => sawtooth(minute) + minute / 2)).toEqual([
    expect.stringMatching(
      /^C10 -\.-: worker 1, heap, MB grows by \d+\.\d+ \+- \d+\.\d+ an hour, and may by 5$/,
    ),
  ])
  expect(await claims(sawtooth)).toEqual([])
  expect(await claims((minute) => 100 - minute)).toEqual([])
})

test('too few points tell nothing, and that is told', async () => {
  const series = [{ name: 'handles', points: hourOf(() => 1).slice(0, 2), perHourMax: 5 }]

  expect(only('C10', await told(makeRun(), { series }))).toEqual([
    'C10 -.-: handles was measured 2 times: too few to tell',
  ])
})
