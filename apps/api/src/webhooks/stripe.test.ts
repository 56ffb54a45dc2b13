import { expect, test } from 'vitest'
import { Fault } from '../problem.ts'
import { parseStripe } from './stripe.ts'

const ORDER = `ord_7_${'1'.repeat(26)}`
const HOLD = `hold_7_${'2'.repeat(26)}`
const metadata = { order_id: ORDER }

const read = (type: string, object: object, over: object = {}) =>
  parseStripe({ id: 'evt_1', object: 'event', type, data: { object }, ...over }, '{}')

const anIntent = { id: 'pi_1', amount: 5_000, amount_received: 4_900, currency: 'usd', metadata }
const aSession = {
  id: 'cs_1',
  payment_intent: 'pi_1',
  payment_status: 'paid',
  amount_total: 4_900,
  currency: 'jpy',
  client_reference_id: null,
  metadata: {},
}
const aRefund = {
  id: 're_1',
  payment_intent: 'pi_1',
  amount: 1_000,
  currency: 'eur',
  status: 'succeeded',
  metadata: {},
}
const aCharge = {
  id: 'ch_1',
  payment_intent: 'pi_1',
  amount_refunded: 4_900,
  currency: 'usd',
  refunded: true,
  metadata,
}

test('a payment intent that succeeded tells what was received, of which order', () => {
  expect(read('payment_intent.succeeded', anIntent)).toMatchObject({
    provider: 'stripe',
    eventKey: 'evt_1',
    kind: 'succeeded',
    orderId: ORDER,
    paymentRef: 'pi_1',
    amount: 4_900,
    currency: 'USD',
    refundId: null,
  })
})

test.each([
  ['payment_intent.succeeded', anIntent, 'succeeded'],
  ['payment_intent.payment_failed', anIntent, 'failed'],
  ['payment_intent.canceled', anIntent, 'failed'],
  ['payment_intent.processing', anIntent, 'other'],
  ['checkout.session.completed', aSession, 'succeeded'],
  ['checkout.session.completed', { ...aSession, payment_status: 'unpaid' }, 'other'],
  ['checkout.session.completed', { ...aSession, payment_status: 'no_payment_required' }, 'other'],
  ['checkout.session.async_payment_succeeded', aSession, 'succeeded'],
  ['checkout.session.async_payment_failed', { ...aSession, payment_status: 'unpaid' }, 'failed'],
  ['checkout.session.expired', { ...aSession, payment_status: 'unpaid' }, 'failed'],
  ['refund.created', aRefund, 'refunded'],
  ['refund.created', { ...aRefund, status: 'pending' }, 'other'],
  ['refund.updated', aRefund, 'refunded'],
  ['charge.refund.updated', { ...aRefund, status: 'failed' }, 'other'],
  ['charge.refunded', aCharge, 'refunded'],
  ['charge.refunded', { ...aCharge, refunded: false }, 'other'],
  ['customer.created', { id: 'cus_1' }, 'other'],
])('%s of %o is %s', (type, object, kind) => {
  expect(read(type, object).kind).toBe(kind)
})

test('what Stripe expanded is read as its id', () => {
  expect(read('refund.created', { ...aRefund, payment_intent: anIntent }).paymentRef).toBe('pi_1')
})

test('a checkout session names its order or hold by metadata, or by its one reference', () => {
  const idsOf = (over: object) => read('checkout.session.completed', { ...aSession, ...over })

  expect(idsOf({ metadata: { hold_id: HOLD } })).toMatchObject({ orderId: null, holdId: HOLD })
  expect(idsOf({ client_reference_id: ORDER })).toMatchObject({ orderId: ORDER, holdId: null })
  expect(idsOf({ client_reference_id: HOLD })).toMatchObject({ orderId: null, holdId: HOLD })
  expect(idsOf({ client_reference_id: 'cart 12' })).toMatchObject({ orderId: null, holdId: null })
})

test('a session that expired before anybody paid is the failure of its order', () => {
  const expired = { ...aSession, payment_intent: null, metadata, payment_status: 'unpaid' }

  expect(read('checkout.session.expired', expired)).toMatchObject({
    kind: 'failed',
    orderId: ORDER,
    paymentRef: null,
  })
})

test('a currency without decimals is in minor units as it is', () => {
  expect(read('checkout.session.completed', aSession)).toMatchObject({
    amount: 4_900,
    currency: 'JPY',
  })
})

test('a part of a refund counts by its own id and amount, never by the charge’s sum', () => {
  const part = { amount: 1_000, currency: 'EUR', refundId: 're_1' }
  const listed = {
    ...aCharge,
    refunded: false,
    amount_refunded: 3_000,
    refunds: { data: [aRefund] },
  }

  expect(read('refund.created', aRefund)).toMatchObject(part)
  expect(read('charge.refunded', listed)).toMatchObject({ ...part, orderId: ORDER })
  expect(read('charge.refunded', { ...aCharge, refunded: false }).kind).toBe('other')
})

test('what names neither an order nor a payment is nobody’s', () => {
  expect(read('refund.created', { ...aRefund, payment_intent: null }).kind).toBe('other')
})

test('a delivery that is repeated is the same, though Stripe counts down what is pending', () => {
  const first = read('payment_intent.succeeded', anIntent, { pending_webhooks: 2 })
  const again = read('payment_intent.succeeded', anIntent, { pending_webhooks: 1 })
  const other = read('payment_intent.succeeded', { ...anIntent, amount_received: 1 })

  expect(again.bodyHash).toBe(first.bodyHash)
  expect(other.bodyHash).not.toBe(first.bodyHash)
})

test.each([
  ['no event', []],
  ['no type', { id: 'evt_1' }],
  ['no key', { type: 'customer.created' }],
  ['no payment intent', { id: 'evt_1', type: 'payment_intent.succeeded', data: { object: {} } }],
  [
    'less than nothing',
    {
      id: 'evt_1',
      type: 'payment_intent.succeeded',
      data: { object: { ...anIntent, amount_received: -1 } },
    },
  ],
])('%s is malformed, which is 400 and nothing worse', (_what, event) => {
  expect(() => parseStripe(event, '{}')).toThrow(Fault)
  expect(() => parseStripe(event, '{}')).toThrow(expect.objectContaining({ code: 'malformed' }))
})
