import { aPayment, aPlaceHold, aPlaceOrder } from '@flashlane/core/builders.ts'
import { expect, test } from 'vitest'
import { makeRun, only, sends, told } from './made-run.ts'

const captured = (amount: number) =>
  new Map([['pi_1', { reference: 'pi_1', amount, currency: 'USD', capturedAt: null }]])

function aPaidOrder() {
  const run = makeRun()
  const hold = aPlaceHold()
  const order = aPlaceOrder(hold.holdId)
  run.apply(sends(hold), sends(order))
  const told = { orderId: order.orderId, paymentRef: 'pi_1', amount: 50, currency: 'USD' }
  run.apply(sends(aPayment('succeeded', { provider: 'generic', eventKey: 'e1', ...told })))
  return run
}

test('a webhook that was answered 200 or 202, and is not in MySQL', async () => {
  const run = aPaidOrder()
  run.note({ op: 'webhook', key: 'e2', status: 202, result: { status: 'accepted' } })
  run.note({ op: 'webhook', key: 'e1', provider: 'stripe' })
  run.note({ op: 'webhook', key: 'e3', result: { result: 'ignored' } })
  run.note({ op: 'webhook', key: 'e4', kind: 'info', status: 503 })

  const sentences = only('C7', await told(run)).map((each) => each.replace(/r\d+/, 'r'))

  expect(sentences).toEqual([
    'C7 -.-: the webhook r of ann was answered 202, and the event e2 is lost',
    'C7 -.-: the webhook r of ann was answered 200, and the event e1 is lost',
  ])
})

test('a capture of another sum, and one of which nothing is known', async () => {
  const run = aPaidOrder()

  expect(only('C7', await told(run, { ledger: captured(50) }))).toEqual([])
  expect(only('C7', await told(run, { ledger: captured(60) }))).toEqual([
    'C7 -.-: the provider captured pi_1 (60 USD), and here it is 50 USD',
  ])
  expect(only('C7', await told(makeRun(), { ledger: captured(50) }))).toEqual([
    'C7 -.-: the provider captured pi_1 (50 USD), and it is neither sold nor refunded',
  ])
})
