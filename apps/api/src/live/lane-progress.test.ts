import { expect, test } from 'vitest'
import { createLaneProgress } from './lane-progress.ts'

test('nothing is known of a lane before it moved', () => {
  const progress = createLaneProgress()

  expect(progress.jobsPerSecond(0)).toBeNull()
  progress.seen(0, 1_000, 1_000)

  expect(progress.jobsPerSecond(1_000)).toBeNull()
})

test('the first stretch is believed as it is', () => {
  const progress = createLaneProgress()

  progress.seen(50, 500, 500)

  expect(progress.jobsPerSecond(500)).toBeCloseTo(100)
})

test('a lane that becomes slower is found out within seconds, but one slow stretch is not the whole truth', () => {
  const progress = createLaneProgress()
  progress.seen(100, 1_000, 1_000)

  progress.seen(10, 1_000, 2_000)
  const soon = progress.jobsPerSecond(2_000) ?? 0
  for (let ms = 3_000; ms <= 15_000; ms += 1_000) progress.seen(10, 1_000, ms)

  expect(soon).toBeGreaterThan(50)
  expect(soon).toBeLessThan(100)
  expect(progress.jobsPerSecond(15_000)).toBeLessThan(12)
})

test('a long stretch counts for as much as the short ones that it is made of', () => {
  const [short, long] = [createLaneProgress(), createLaneProgress()]
  for (const each of [short, long]) each.seen(100, 1_000, 1_000)

  for (let ms = 1_500; ms <= 3_000; ms += 500) short.seen(10, 500, ms)
  long.seen(40, 2_000, 3_000)

  expect(long.jobsPerSecond(3_000)).toBeCloseTo(short.jobsPerSecond(3_000) ?? 0)
})

test('a lane that stands still is not said to move, and starts anew', () => {
  const progress = createLaneProgress()
  progress.seen(100, 1_000, 1_000)

  for (let ms = 2_000; ms <= 7_000; ms += 1_000) progress.seen(0, 1_000, ms)
  const still = progress.jobsPerSecond(7_000)
  progress.seen(3, 1_000, 8_000)

  expect(still).toBeNull()
  expect(progress.jobsPerSecond(8_000)).toBeCloseTo(3)
})
