import {
  aCancelOrder,
  aHash,
  anId,
  anExpireDue,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aReleaseHold,
} from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { makeRun, reportOf, sends } from './made-run.ts'
import type { Ledger } from './ledger.ts'

/** Holds, an order, its payment, a release, repeats, refusals, a time-out, a 202, polls, reads, an expiry. */
function aSale() {
  const run = makeRun()
  const keyed = { fingerprint: aHash('request') }
  const [first, second, third] = [
    aPlaceHold(keyed),
    aPlaceHold({ quantity: 2 }),
    aPlaceHold({ ttlMs: 3_000 }),
  ]
  run.read()
  run.apply(sends(first, { key: 'k1' }))
  const order = aPlaceOrder(first.holdId)
  run.apply(sends(order), sends(second))
  run.note({ op: 'poll', commandId: order.commandId, result: { status: 'queued' }, t1: 4.5 })
  const paid = aPayment('succeeded', {
    provider: 'generic',
    orderId: order.orderId,
    paymentRef: 'pi_1',
    amount: 50,
    currency: 'USD',
  })
  const again = { ...paid, commandId: anId('cmd', 999) }
  run.apply(sends(paid), sends(aReleaseHold(second.holdId)))
  run.apply(sends(third, { kind: 'info', status: 202 }))
  run.read()
  run.wait(6_000)
  run.applyOwn(anExpireDue([third.holdId], run.now().acceptedAtMs, run.now()))
  run.apply(sends(aPlaceHold(), { kind: 'info', status: null, result: null }))
  run.apply(sends(first, { key: 'k1' }), sends(aCancelOrder(order.orderId)), sends(again))
  run.note({ op: 'hold', kind: 'fail', status: 429 })
  const ledger: Ledger = new Map([
    ['pi_1', { reference: 'pi_1', amount: 50, currency: 'USD', capturedAt: null }],
  ])
  return { run, ledger }
}

test('a run as it should be has nothing to tell, and everything of it was looked at', async () => {
  const { run, ledger } = aSale()
  const points = [0, 1, 2, 3].map((n) => ({ atMs: n * 60_000, value: 100 + (n % 2) }))

  const report = await reportOf(run, {
    ledger,
    recoveries: [{ fault: 'a kill', tookMs: 900, budgetMs: 3_000 }],
    series: [{ name: 'heap, MB', points, perHourMax: 5 }],
  })

  expect(report.violations).toEqual([])
  expect(report.ok).toBe(true)
  expect(report.checkers.map(({ checker }) => checker).join(' ')).toBe(
    'C1 C2 C3 C4 C5 C6 C7 C8 C9 C10',
  )
  expect(
    Object.fromEntries(report.checkers.map(({ checker, looked }) => [checker, looked])),
  ).toMatchObject({
    C3: { 'commands in the journal': 12, answers: 7, repeats: 1, 'repeated answers': 1 },
    C4: { answers: 7, polls: 1 },
    C5: { operations: 10, reads: 2 },
    C6: { acknowledgements: 8 },
    C7: { 'webhooks answered 2xx': 2, 'captured in the ledger': 1 },
    C9: { recoveries: 1 },
    C10: { series: 1 },
  })
})

test('what the audit finds is in the report of a run, with everything else', async () => {
  const { run, ledger } = aSale()
  run.journal.splice(3, 1)

  const report = await reportOf(run, { ledger })

  expect(report.ok).toBe(false)
  const blamed = new Set(report.violations.map(({ checker }) => checker))
  expect([...blamed]).toEqual(expect.arrayContaining(['C2', 'C3']))
})
