import { aPayment, aPlaceHold } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { type MadeRun, makeRun, only, sends, told } from './made-run.ts'

const queued = { kind: 'info', status: 202 } as const
const claims = async (run: MadeRun, more = {}) => only('C6', await told(run, more))

test('a command that was answered 202 before another was sent, and takes effect after it', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold(), { t0: 30, t1: 40 }))
  run.apply(sends(aPlaceHold(), { t0: 10, t1: 20, ...queued }))

  expect((await claims(run)).map((each) => each.replace(/r\d+/g, 'r'))).toEqual([
    'C6 3.0: the hold r of ann was acknowledged before the hold r of ann was sent, and takes effect after it',
  ])
  expect(await claims(run, { lostRedis: true })).toEqual([])
})

test('one that was sent before the other was acknowledged may come first, and an event of the inbox whenever it comes', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold(), { t0: 15, t1: 40 }))
  run.apply(sends(aPlaceHold(), { t0: 10, t1: 20, ...queued }))
  run.apply(sends(aPayment('succeeded', { provider: 'generic' }), { t0: 1, t1: 2, status: 202 }))

  expect(await claims(run)).toEqual([])
})
