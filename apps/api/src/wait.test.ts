import type { Context } from 'hono'
import { expect, test } from 'vitest'
import { readWait } from './wait.ts'

const asked = (prefer?: string) =>
  readWait({ req: { header: () => prefer } } as unknown as Context, 5)

test.each([
  [undefined, 5_000, null],
  ['respond-async', 0, 'respond-async'],
  ['wait=0', 0, 'wait=0'],
  ['wait=12', 12_000, 'wait=12'],
  ['Wait = 3; strict', 3_000, 'wait=3'],
  ['respond-async, wait=10', 10_000, 'wait=10'],
  ['wait=31', 30_000, 'wait=30'],
  ['return=minimal', 5_000, null],
  ['wait=-1', 5_000, null],
  ['wait=soon', 5_000, null],
])('Prefer: %s waits %d ms', (prefer, ms, applied) => {
  expect(asked(prefer)).toEqual({ ms, applied })
})
