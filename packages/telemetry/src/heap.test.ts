import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectGarbage } from './heap.ts'

test('garbage is collected when it is told', async () => {
  const garbage = new WeakRef({})
  // Until the end of a turn, what a WeakRef was made of is kept.
  await turn()
  expect(garbage.deref()).toBeDefined()
  await turn()

  collectGarbage()

  expect(garbage.deref()).toBeUndefined()
})
