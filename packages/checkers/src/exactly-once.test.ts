import { aHash, aPlaceHold, aPayment, aPlaceOrder } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { type MadeRun, makeRun, only, sends, told } from './made-run.ts'

const claims = async (run: MadeRun, more = {}) => only('C3', await told(run, more))

function repeat(run: MadeRun, seq: number): void {
  const row = run.journal.find((each) => each.seq === seq)
  if (row) run.journal.push({ ...row, seq: run.journal.length + 1, batch_id: 'again' })
}

test('a batch that takes effect twice', async () => {
  const run = makeRun()
  const [sent] = run.apply(sends(aPlaceHold()))
  repeat(run, 2)

  expect(await claims(run)).toEqual([
    `C3 3.0: the PlaceHold of the request ${sent?.requestId} stands in the journal twice, first at seq 2`,
    expect.stringMatching(/^C3 3\.0: cmd_.* took effect at seq 2, and once more here/),
  ])
})

test('an answer that no journal has', async () => {
  const run = makeRun()
  const [sent] = run.apply(sends(aPlaceHold()))
  run.journal.pop()

  expect(await claims(run)).toEqual([
    `C3 -.-: the hold ${sent?.requestId} of ann was answered 201, and stands in no journal`,
  ])
})

test('a command that was answered 202 and is never applied, unless Redis lost it', async () => {
  const run = makeRun()
  const sent = run.note({ op: 'order', kind: 'info', status: 202 })

  expect(await claims(run)).toEqual([
    `C3 -.-: the order ${sent.requestId} of ann was answered 202, and stands in no journal`,
  ])
  expect(await claims(run, { lostRedis: true })).toEqual([])
})

test('a failure that was only buried, and a time-out that never happened, are no violations', async () => {
  const run = makeRun()
  run.note({ op: 'hold', status: 500, result: { code: 'internal_error', command_id: 'cmd_7_x' } })
  run.note({ op: 'hold', kind: 'info', status: null })

  expect(await claims(run)).toEqual([])
})

test('a command and an event that nobody sent', async () => {
  const run = makeRun()
  run.applyOwn({ ...aPlaceHold(), requestId: 'ghost' })
  run.applyOwn(aPlaceHold())
  run.applyOwn(aPayment('succeeded', { eventKey: 'e1' }))

  expect(await claims(run)).toEqual([
    'C3 2.0: nobody sent the PlaceHold of the request ghost',
    'C3 3.0: nobody sent this PlaceHold: it has no request',
    'C3 4.0: nobody told of the event e1',
  ])
})

test('a command whose client was told that it had no effect', async () => {
  const run = makeRun()
  const [sent] = run.apply(sends(aPlaceHold(), { kind: 'fail', status: 503 }))

  expect(await claims(run)).toEqual([
    `C3 2.0: the hold ${sent?.requestId} of ann was told that it had no effect`,
  ])
})

test('a key that was used for another request is no effect', async () => {
  const run = makeRun()
  const hold = aPlaceHold({ fingerprint: aHash('one') })
  run.apply(sends(hold, { key: 'k' }))
  run.apply(sends({ ...hold, fingerprint: aHash('two') }, { key: 'k', kind: 'fail', status: 422 }))

  expect(await claims(run)).toEqual([])
})

test('a repeat that is another, and one that comes before the first', async () => {
  const run = makeRun()
  const keyed = aPlaceHold({ fingerprint: aHash('one') })
  run.apply(sends(keyed, { key: 'k' }))
  run.apply(sends(keyed, { key: 'k' }))
  const row = run.journal[2]
  if (row) row.body = row.body.replace('"replayed"', '"was"')
  const headless = makeRun()
  headless.apply(sends(keyed, { key: 'k' }))
  headless.apply(sends(keyed, { key: 'k' }))
  headless.journal.splice(1, 1)

  expect(await claims(run)).toContainEqual(
    expect.stringMatching(/took effect at seq 2, and once more/),
  )
  expect(await claims(headless)).toContainEqual(
    'C3 3.0: it is answered as a repeat, and nothing before it is the first',
  )
})

test('a repeat that was answered otherwise than the first, as the clients saw it', async () => {
  const run = makeRun()
  const hold = aPlaceHold()
  const order = aPlaceOrder(hold.holdId, { fingerprint: aHash('one') })
  run.apply(sends(hold))
  const [first] = run.apply(sends(order, { key: 'k' }))
  const [again] = run.apply(sends(order, { key: 'k', result: { ...first?.result, amount: 1 } }))

  expect(await claims(run)).toEqual([
    `C3 -.-: the order ${again?.requestId} of ann got another answer than ${first?.requestId} under the same key`,
  ])
})
