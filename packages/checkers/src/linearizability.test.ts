import { aPlaceHold } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { type MadeRun, makeRun, only, sends, told } from './made-run.ts'

const claims = async (run: MadeRun) =>
  only('C5', await told(run)).map((each) => each.replace(/r\d+/g, 'r'))

test('a command that stands behind one which began after it was over', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold(), { t0: 100, t1: 120 }), sends(aPlaceHold(), { t0: 50, t1: 60 }))

  expect(await claims(run)).toEqual([
    'C5 2.1: the hold r of ann stands behind the hold r of ann, and was over before that began',
  ])
})

test('commands whose times overlap may stand in any order, and one without an answer anywhere behind', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold(), { t0: 100, t1: 120 }), sends(aPlaceHold(), { t0: 50, t1: 100 }))
  run.apply(sends(aPlaceHold(), { t0: 10, t1: 20, kind: 'info', status: null }))

  expect(await claims(run)).toEqual([])
})

test('it is the latest start so far that counts, not that of the command before', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold(), { t0: 100, t1: 400 }))
  run.apply(sends(aPlaceHold(), { t0: 10, t1: 300 }))
  run.apply(sends(aPlaceHold(), { t0: 20, t1: 90 }))

  expect(await claims(run)).toEqual([expect.stringMatching(/^C5 4\.0: /)])
})

test('a read that does not show what was over before it began', async () => {
  const run = makeRun()
  const stale = { version: 1, held: 0, sold: 0, stock_total: 10 }
  run.apply(sends(aPlaceHold(), { t0: 10, t1: 20 }))
  run.note({ op: 'read', result: stale, t0: 30, t1: 31 })
  run.note({ op: 'read', result: stale, t0: 15, t1: 31 })

  expect(await claims(run)).toEqual([
    'C5 2.0: the hold r of ann stands behind the read r of ann, and was over before that began',
  ])
})

test('a read that shows what was sent only after it, and two reads of which the second is older', async () => {
  const early = makeRun()
  early.read({ result: { version: 2, held: 1, sold: 0 }, t0: 1, t1: 2 })
  early.apply(sends(aPlaceHold(), { t0: 10, t1: 20 }))
  const back = makeRun()
  back.apply(sends(aPlaceHold(), { t0: 1, t1: 90 }))
  back.note({ op: 'read', result: { version: 2, held: 1 }, t0: 10, t1: 11 })
  back.note({ op: 'read', result: { version: 1, held: 0 }, t0: 20, t1: 21 })

  expect(await claims(early)).toEqual([
    'C5 2.-: the read r of ann stands behind the hold r of ann, and was over before that began',
  ])
  expect(await claims(back)).toEqual([
    'C5 2.-: the read r of ann stands behind the read r of ann, and was over before that began',
  ])
})

test('reads of one version may come in any order', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold(), { t0: 1, t1: 2 }))
  run.read({ t0: 20, t1: 21 })
  run.read({ t0: 10, t1: 11 })

  expect(await claims(run)).toEqual([])
})

test('a read of counters that were not those of its version, and of a version that never was', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold({ quantity: 3 })))
  run.note({ op: 'read', result: { version: 2, held: 2, sold: 0, stock_total: 10 } })
  run.note({ op: 'read', result: { version: 2, held: null, sold: null, stock_total: null } })
  run.note({ op: 'read', result: { version: 5, held: 3, sold: 0 } })

  expect(await claims(run)).toEqual([
    'C5 2.-: the read r of ann shows held 2, which was 3 then',
    'C5 -.-: the read r of ann shows version 5, which never was',
  ])
})
