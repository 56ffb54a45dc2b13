import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectGarbage, growingPercent } from './heap.ts'

test('garbage is collected when it is told', async () => {
  const garbage = new WeakRef({})
  // Until the end of a turn, what a WeakRef was made of is kept.
  await turn()
  expect(garbage.deref()).toBeDefined()
  await turn()

  collectGarbage()

  expect(garbage.deref()).toBeUndefined()
})

test('a small heap may grow by all of it, a large one by half', () => {
  expect([1, 55, 110, 137.5, 220, 400].map(growingPercent)).toEqual([100, 100, 100, 80, 50, 50])
})
