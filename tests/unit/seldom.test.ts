import { seldom } from '@flashlane/worker/seldom.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const limits = { eachMs: 5_000, withinMs: 1_000, onFault: () => {} }

test('whoever asks again too soon gets the same answer, and later a new one', async () => {
  let times = 0
  const ask = seldom(async () => ++times, limits)

  expect(await Promise.all([ask(), ask()])).toEqual([1, 1])
  vi.advanceTimersByTime(4_999)
  expect(await ask()).toBe(1)
  vi.advanceTimersByTime(1)
  expect(await ask()).toBe(2)
})

test('a service that hangs is asked once, and whoever waits for it is told that nobody knows', async () => {
  const { promise, resolve } = Promise.withResolvers<number>()
  const service = vi.fn<() => Promise<number>>(() => promise)
  const ask = seldom(service, limits)

  const first = ask()
  vi.advanceTimersByTime(1_000)
  expect(await first).toBeNull()
  vi.advanceTimersByTime(60_000)
  expect(await ask()).toBeNull()
  expect(service).toHaveBeenCalledTimes(1)

  resolve(7)
  await promise
  await Promise.resolve()
  expect(await ask()).toBe(7)
  expect(service).toHaveBeenCalledTimes(2)
})

test('a service that fails leaves the answer unknown, and the fault told', async () => {
  const onFault = vi.fn<(error: unknown) => void>()
  const ask = seldom(() => Promise.reject(new Error('away')), { ...limits, onFault })

  expect(await ask()).toBeNull()
  expect(onFault).toHaveBeenCalledWith(new Error('away'))
})
