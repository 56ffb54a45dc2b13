import { expect, test } from 'vitest'
import { NoAnswerError } from './errors.ts'
import { pauseMs, RETRIES } from './retries.ts'

const lost = (retryAfterMs: number | null = null) => new NoAnswerError('lost', { retryAfterMs })
const most = (attempt: number, error = lost()) =>
  pauseMs(error, { attempt, retries: { ...RETRIES, max: 100 }, random: () => 1 })

test('a pause is anything between nothing and twice the one before, up to a cap', () => {
  const longest = [0, 1, 2, 3, 20].map((attempt) => most(attempt))
  const shortest = pauseMs(lost(), { attempt: 3, retries: RETRIES, random: () => 0 })

  expect(longest).toEqual([100, 200, 400, 800, 5_000])
  expect(shortest).toBe(0)
})

test('what the server asked for comes first, and the jitter after it', () => {
  expect(most(0, lost(1_000))).toBe(1_100)
})

test('there is none after the last attempt, nor for what no attempt mends', () => {
  expect(pauseMs(lost(), { attempt: RETRIES.max, retries: RETRIES })).toBeNull()
  expect(pauseMs(new TypeError('a bug'), { attempt: 0, retries: RETRIES })).toBeNull()
})
