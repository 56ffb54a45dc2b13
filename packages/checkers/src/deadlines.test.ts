import { anExpireDue, aPayment, aPlaceHold, aPlaceOrder } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { type MadeRun, makeRun, only, sends, told } from './made-run.ts'

const TTL_MS = 3_000
const claims = async (run: MadeRun, more = {}) =>
  only('C8', await told(run, more)).map((each) =>
    each.replace(/r\d+/, 'r').replace(/ord_\w+/, 'ord'),
  )

/** A hold that the timer has ended, and when its deadline was. */
function anExpiredHold() {
  const run = makeRun()
  const hold = aPlaceHold({ ttlMs: TTL_MS })
  run.apply(sends(hold))
  const deadlineMs = run.now().acceptedAtMs + TTL_MS
  run.wait(6_000)
  run.applyOwn(anExpireDue([hold.holdId], run.now().acceptedAtMs, run.now()))
  return { run, hold, deadlineMs }
}

test('an order that was accepted in time, and found its hold expired', async () => {
  const { run, hold, deadlineMs } = anExpiredHold()
  run.apply(sends(aPlaceOrder(hold.holdId, { acceptedAtMs: deadlineMs - 5 })))
  run.apply(sends(aPlaceOrder(hold.holdId, { acceptedAtMs: deadlineMs })))

  expect(await claims(run)).toEqual([
    'C8 4.0: the order r of ann was accepted 5 ms before the deadline of its hold, which had expired',
  ])
  expect(await claims(run, { lostRedis: true })).toEqual([])
})

test('one that came too late to its lane was never accepted', async () => {
  const { run, hold, deadlineMs } = anExpiredHold()
  const order = aPlaceOrder(hold.holdId, { acceptedAtMs: deadlineMs - 5 })
  run.apply(sends(order, { kind: 'info', status: 503 }))

  expect(await claims(run)).toEqual([])
})

test('an order that was accepted at the deadline of its hold, and is taken', async () => {
  const run = makeRun()
  const hold = aPlaceHold({ ttlMs: TTL_MS })
  run.apply(sends(hold))
  const deadlineMs = run.now().acceptedAtMs + TTL_MS
  run.apply(sends(aPlaceOrder(hold.holdId, { acceptedAtMs: deadlineMs - 1 })))
  const [row] = run.journal.slice(-1)
  if (row) {
    row.body = row.body.replace(
      `"acceptedAtMs":${deadlineMs - 1}`,
      `"acceptedAtMs":${deadlineMs + 7}`,
    )
    row.applied_at_ms += 10_000
  }

  expect(await claims(run)).toContain(
    'C8 3.0: the order ord is taken, accepted 7 ms after the deadline of its hold',
  )
})

test('a payment that was accepted in time, and found its order expired; a late one, and one from the inbox', async () => {
  const run = makeRun()
  const hold = aPlaceHold()
  const order = aPlaceOrder(hold.holdId, { paymentDueMs: 1_000 })
  run.apply(sends(hold))
  run.apply(sends(order))
  const dueAtMs = run.state.orders.get(order.orderId)?.paymentDueAtMs ?? 0
  run.wait(200_000)
  run.applyOwn(anExpireDue([order.orderId], run.now().acceptedAtMs, run.now()))
  const pays = (acceptedAtMs: number, paymentRef: string) =>
    aPayment('succeeded', {
      provider: 'generic',
      orderId: order.orderId,
      amount: 50,
      currency: 'USD',
      acceptedAtMs,
      paymentRef,
    })
  run.apply(sends(pays(dueAtMs - 9, 'pi_1'), { status: 202, result: { status: 'accepted' } }))

  expect(await claims(run)).toEqual([])
  const [told] = run.operations.slice(-1)
  if (told) {
    run.operations[run.operations.length - 1] = {
      ...told,
      status: 200,
      result: { status: 'ok', result: 'late_retaken' },
    }
  }
  expect(await claims(run)).toEqual([
    'C8 5.0: the webhook r of ann was accepted 9 ms before the deadline of ord, which had expired',
  ])
})
