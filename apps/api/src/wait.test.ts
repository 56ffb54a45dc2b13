import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { readWait } from './wait.ts'

async function asked(prefer?: string, query = ''): Promise<unknown> {
  const app = new Hono().get('/', (c) => c.json(readWait(c, 5)))
  const headers: Record<string, string> = prefer === undefined ? {} : { prefer }
  return (await app.request(`/${query}`, { headers })).json()
}

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
])('Prefer: %s waits %d ms', async (prefer, ms, applied) => {
  expect(await asked(prefer)).toEqual({ ms, applied })
})

test.each([
  ['?wait=0', 0],
  ['?wait=12', 12_000],
  ['?envelope=1&wait=31', 30_000],
  ['?wait=', 5_000],
  ['?wait=-1', 5_000],
  ['?wait=soon', 5_000],
  ['?await=1', 5_000],
])('%s waits %d ms', async (query, ms) => {
  expect(await asked(undefined, query)).toEqual({ ms, applied: null })
})

test('what is preferred goes before what the address says', async () => {
  expect(await asked('wait=2', '?wait=9')).toEqual({ ms: 2_000, applied: 'wait=2' })
  expect(await asked('return=minimal', '?wait=9')).toEqual({ ms: 9_000, applied: null })
})
