import { aPayment, aPlaceHold, aPlaceOrder, aReleaseHold } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { type MadeRun, makeRun, only, sends, told } from './made-run.ts'

const claims = async (run: MadeRun) => only('C4', await told(run))

test('an answer that tells another hold, order, refusal or version than the journal', async () => {
  const run = makeRun()
  const hold = aPlaceHold()
  const [placed] = run.apply(sends(hold))
  if (placed) run.operations[0] = { ...placed, result: { ...placed.result, qty: 2 } }
  run.apply(sends(aPlaceOrder(hold.holdId), { status: 200 }))
  run.apply(
    sends(aReleaseHold(hold.holdId), { status: 409, result: { code: 'hold_expired', version: 4 } }),
  )
  run.apply(
    sends(aPlaceHold({ quantity: 99 }), { result: { code: 'insufficient_stock', version: 1 } }),
  )

  expect((await claims(run)).map((each) => each.replace(/r\d+/, 'r'))).toEqual([
    'C4 2.0: the hold r of ann was told: qty is 2, not 1',
    'C4 3.0: the order r of ann was told: status_code is 200, not 201',
    'C4 4.0: the release r of ann was told: code is "hold_expired", not "hold_converted"',
    'C4 5.0: the hold r of ann was told: version is 1, not 5',
  ])
})

test('a success where the journal has a refusal', async () => {
  const run = makeRun()
  run.apply(sends(aPlaceHold({ quantity: 99 }), { status: 201, result: { hold_id: 'hold_7_x' } }))

  expect(await claims(run)).toEqual([
    expect.stringMatching(/code is null, not "insufficient_stock"/),
  ])
})

test('a webhook that was answered by its row may tell another result than its lane; one by its lane may not', async () => {
  const run = makeRun()
  const paid = aPayment('succeeded', { provider: 'generic', paymentRef: 'pi_1' })
  run.apply(sends(paid, { status: 202, result: { status: 'accepted' } }))
  const [lied] = run.apply(
    sends(aPayment('other', { provider: 'generic' }), {
      result: { status: 'ok', result: 'applied' },
    }),
  )

  expect(await claims(run)).toEqual([
    expect.stringContaining(`the webhook ${lied?.requestId} of ann was told: result is "applied"`),
  ])
})

test('a poll that tells another outcome, and one of what is in no journal', async () => {
  const run = makeRun()
  const hold = aPlaceHold()
  const [placed] = run.apply(sends(hold, { kind: 'info', status: 202 }))
  const final = { status: 'applied', outcome: 'accepted', http_status: 201 }
  const { commandId } = hold
  run.note({ op: 'poll', commandId, result: { status: 'queued' } })
  run.note({
    op: 'poll',
    commandId,
    result: { ...final, result: { ...placed?.result, version: 9 } },
  })
  run.note({ op: 'poll', commandId: 'cmd_7_ghost', result: final })

  expect((await claims(run)).map((each) => each.replace(/r\d+/, 'r'))).toEqual([
    expect.stringMatching(/^C4 2\.0: the poll r of ann was told: .*version is 9, not 2/),
    'C4 -.-: the poll r of ann found an outcome that no journal has',
  ])
})

test('a command that is queued again, or unknown, after it was applied', async () => {
  const run = makeRun()
  const hold = aPlaceHold()
  const [placed] = run.apply(sends(hold))
  const { commandId } = hold
  const final = { status: 'applied', outcome: 'accepted', http_status: 201, result: placed?.result }
  run.note({ op: 'poll', commandId, result: { status: 'queued' } })
  run.note({ op: 'poll', commandId, result: final, t0: 10, t1: 20 })
  run.note({ op: 'poll', commandId, result: { status: 'queued' }, t0: 15, t1: 25 })
  run.note({ op: 'poll', commandId, kind: 'fail', status: 404, t0: 30, t1: 31 })
  run.note({ op: 'poll', commandId, kind: 'fail', status: 503, t0: 32, t1: 33 })

  expect((await claims(run)).map((each) => each.replace(/r\d+/, 'r'))).toEqual([
    'C4 2.0: the poll r of ann found it not applied, after it was',
  ])
})
