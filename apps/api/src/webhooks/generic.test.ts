import { expect, test } from 'vitest'
import { Fault } from '../problem.ts'
import { parseGeneric } from './generic.ts'

const ORDER = `ord_7_${'1'.repeat(26)}`
const HOLD = `hold_7_${'2'.repeat(26)}`

const read = (body: object, keyInHeader?: string) =>
  parseGeneric(JSON.stringify({ id: 'evt', ...body }), keyInHeader)

test.each([
  [{ status: 'success' }, 'succeeded'],
  [{ status: 'successful' }, 'succeeded'],
  [{ status: 'Succeeded' }, 'succeeded'],
  [{ status: 'paid' }, 'succeeded'],
  [{ event_type: 'completed' }, 'succeeded'],
  [{ type: 'payment_intent.succeeded' }, 'succeeded'],
  [{ success: true }, 'succeeded'],
  [{ status: 'failed' }, 'failed'],
  [{ status: 'failure' }, 'failed'],
  [{ event_type: 'cancelled' }, 'failed'],
  [{ event_type: 'canceled' }, 'failed'],
  [{ type: 'payment.succeeded' }, 'succeeded'],
  [{ type: 'payment.failed' }, 'failed'],
  [{ type: 'payment_intent.payment_failed' }, 'failed'],
  [{ type: 'payment_intent.canceled' }, 'failed'],
  [{ success: false }, 'failed'],
  [{ status: 'refunded' }, 'refunded'],
  [{ type: 'charge.refunded', status: 'succeeded' }, 'refunded'],
  [{ type: 'refund.succeeded' }, 'refunded'],
  [{ type: 'refund', status: 'succeeded' }, 'refunded'],
  [{ event_type: 'refund.updated', status: 'failed' }, 'other'],
  [{ type: 'refund.updated', status: 'pending' }, 'other'],
  [{ type: 'customer.created' }, 'other'],
  [{ success: 'yes' }, 'other'],
  [{ status: 'constructor' }, 'other'],
  [{}, 'other'],
])('%o is %s', (body, kind) => {
  expect(read(body).kind).toBe(kind)
})

test('the key comes from the header, or else from the body', () => {
  const body = { idempotency_key: 'a', webhook_key: 'b', id: 'c' }

  expect(read(body, 'h').eventKey).toBe('h')
  expect(read(body).eventKey).toBe('a')
  expect(read({ webhook_key: 'b', id: 'c' }).eventKey).toBe('b')
  expect(read({ id: 1478 }).eventKey).toBe('1478')
})

test('references that can be ours are taken, guessed numbers are not', () => {
  expect(read({ order_id: ORDER, hold_id: HOLD })).toMatchObject({ orderId: ORDER, holdId: HOLD })
  expect(read({ order_id: 12, hold_id: 'hold_7_x' })).toMatchObject({ orderId: null, holdId: null })
  expect(read({ order_id: HOLD })).toMatchObject({ orderId: null })
})

test('a hold of another product than the order is passed over', () => {
  const elsewhere = HOLD.replace('_7_', '_8_')

  expect(read({ order_id: ORDER, hold_id: elsewhere }).holdId).toBeNull()
  expect(read({ hold_id: elsewhere }).holdId).toBe(elsewhere)
})

test('a payment is named by its intent, or else by its transaction', () => {
  const both = { payment_intent_id: 'pi_1', external_transaction_id: 'tx_1' }

  expect(read(both).paymentRef).toBe('pi_1')
  expect(read({ external_transaction_id: 'tx_1' }).paymentRef).toBe('tx_1')
  expect(read({}).paymentRef).toBeNull()
})

test('money is integers in minor units, and a currency in capitals', () => {
  expect(read({ amount: 1_999, currency: 'usd' })).toMatchObject({ amount: 1_999, currency: 'USD' })
  expect(read({ amount: '1999' }).amount).toBe(1_999)
  expect(read({ amount: null }).amount).toBeNull()
})

test.each([
  ['no JSON', '{'],
  ['no object', '[]'],
  ['no key', '{"status":"paid"}'],
  ['an empty key', '{"id":""}'],
  ['a key that is too long', JSON.stringify({ id: 'é'.repeat(128) })],
  ['a fraction', '{"id":"e","amount":19.99}'],
  ['less than nothing', '{"id":"e","amount":-1}'],
  ['no currency', '{"id":"e","currency":"dollars"}'],
])('%s is malformed, which is 400 and nothing worse', (_what, payload) => {
  expect(() => parseGeneric(payload, undefined)).toThrow(Fault)
  expect(() => parseGeneric(payload, undefined)).toThrow(
    expect.objectContaining({ code: 'malformed' }),
  )
})

test('another body has another hash', () => {
  expect(read({ status: 'paid' }).bodyHash).not.toBe(read({ status: 'failed' }).bodyHash)
  expect(read({}).bodyHash).toMatch(/^[0-9a-f]{32}$/)
})
