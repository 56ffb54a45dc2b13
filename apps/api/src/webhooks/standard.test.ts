import { expect, test } from 'vitest'
import { parseStandard } from './standard.ts'

const ORDER = `ord_7_${'1'.repeat(26)}`

const read = (body: object) => parseStandard(JSON.stringify(body), 'msg_1')

test('type and data are one event, whose key is the webhook’s id', () => {
  const data = {
    id: 'another',
    order_id: ORDER,
    payment_intent_id: 'pi_1',
    amount: 1,
    currency: 'usd',
  }

  expect(
    read({ type: 'payment.succeeded', timestamp: '2026-11-21T00:00:00Z', data }),
  ).toMatchObject({
    provider: 'standard',
    eventKey: 'msg_1',
    kind: 'succeeded',
    orderId: ORDER,
    paymentRef: 'pi_1',
    amount: 1,
    currency: 'USD',
  })
})

test('a flat body is read as the generic one', () => {
  expect(read({ order_id: ORDER, status: 'success', id: 'another' })).toMatchObject({
    provider: 'standard',
    eventKey: 'msg_1',
    kind: 'succeeded',
    orderId: ORDER,
  })
})

test.each([
  ['payment.failed', {}, 'failed'],
  ['payment_intent.canceled', {}, 'failed'],
  ['payment.refunded', {}, 'refunded'],
  ['payment', { status: 'paid' }, 'succeeded'],
  ['payment.updated', { status: 'succeeded' }, 'succeeded'],
  ['refund.updated', { status: 'succeeded' }, 'refunded'],
  ['refund.updated', { status: 'pending' }, 'other'],
  ['payout.updated', { status: 'paid' }, 'other'],
  ['payment_method.attached', { status: 'succeeded' }, 'other'],
])('%s of %o is %s', (type, data, kind) => {
  expect(read({ type, data: { order_id: ORDER, ...data } }).kind).toBe(kind)
})
