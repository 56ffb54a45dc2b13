import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  aCancelOrder,
  anAdjustStock,
  anExpireDue,
  anId,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aShop,
  PRICE,
} from '../builders.ts'
import { makePaymentModel, type ModelEvent } from './payment-model.ts'

const RUNS = Number(process.env['FLASHLANE_RUNS'] ?? 4_000)
const LONGEST_MS = 30 * RUNS
const ORDERS = 4
const LONG_MS = 10_000_000

const which = fc.nat(ORDERS - 1)
const reference = fc.constantFrom(null, 'a', 'b', 'c', 'd')

const event = fc.record({
  act: fc.constant('event'),
  which,
  kind: fc.constantFrom('succeeded', 'succeeded', 'failed', 'refunded'),
  reference,
  amount: fc.constantFrom(null, null, PRICE, 2 * PRICE, 30, 20),
  currency: fc.constantFrom(null, 'USD', 'USD', 'EUR'),
  refundId: fc.constantFrom(null, 're_1', 're_2'),
  releases: fc.boolean(),
  restocks: fc.boolean(),
})
const place = fc.record({
  act: fc.constant('place'),
  which,
  units: fc.integer({ min: 1, max: 2 }),
  reference,
  isOnline: fc.constantFrom(true, true, false),
})
const act = fc.oneof(
  { weight: 8, arbitrary: event },
  { weight: 4, arbitrary: place },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('cancel'), which }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('expire'), which }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('restock'), to: fc.nat(6) }) },
)
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

/** The same sale twice: by the rules, and by the model. What can be seen of both is compared after each act. */
function makeTwins() {
  const shop = aShop({ stockTotal: 4 })
  const model = makePaymentModel(4, PRICE)
  const orderIds = Array.from({ length: ORDERS }, (_, i) => anId('ord', 9_000_000 + i))
  const tried = new Set<number>()
  let events = 0

  const placeBoth = (placed: Extract<Act, { act: 'place' }>) => {
    if (tried.has(placed.which)) return
    tried.add(placed.which)
    const orderId = orderIds[placed.which] ?? ''
    const modelled = model.place(orderId, placed.units, placed)
    const held = aPlaceHold({ ...shop.now(), quantity: placed.units, ttlMs: 60_000 })
    const holds = shop.tell(held)
    const outcome = shop.tell(
      aPlaceOrder(held.holdId, {
        ...shop.now(),
        orderId,
        paymentRef: placed.reference,
        payment: placed.isOnline ? 'online' : 'cash_on_delivery',
        paymentDueMs: LONG_MS,
      }),
    )
    const said = outcome.outcome === 'accepted' ? 'placed' : 'held'
    expect(holds.outcome === 'refused' ? 'refused' : said).toBe(modelled)
  }

  const eventBoth = (told: Extract<Act, { act: 'event' }>) => {
    const key = `event-${++events}`
    const { which: _, act: __, ...rest } = told
    const modelEvent: ModelEvent = { ...rest, key, order: orderIds[told.which] ?? '' }
    const modelled = model.event(modelEvent)
    const outcome = shop.tell(
      aPayment(told.kind, {
        ...shop.now(),
        eventKey: key,
        orderId: modelEvent.order,
        paymentRef: told.reference,
        amount: told.amount,
        currency: told.currency,
        refundId: told.refundId,
        releaseOnFailure: told.releases,
        restockOnRefund: told.restocks,
      }),
    )
    const status = model.orders.get(modelEvent.order)?.status ?? null
    expect(outcome).toMatchObject({ result: { result: modelled, orderStatus: status } })
  }

  const compare = () => {
    const { stockTotal: stock, held, sold } = shop.product()
    const orders = [...shop.state.orders.values()]
    return {
      rules: {
        counters: { stock, held, sold },
        orders: orders.map((order) => [order.orderId, order.status]),
        refunds: shop
          .refunds()
          .map(({ reference, amount, status }) => [reference, amount, status === 'done']),
        payments: orders.map((order) =>
          order.payments.map((payment) => [payment.reference, payment.amount, payment.currency]),
        ),
      },
      model: {
        counters: model.counters,
        orders: [...model.orders.values()].map((order) => [order.name, order.status]),
        refunds: model.refunds.map(({ reference, amount, isDone }) => [reference, amount, isDone]),
        payments: [...model.orders.values()].map((order) =>
          order.payments.map((payment) => [payment.reference, payment.amount, payment.currency]),
        ),
      },
    }
  }

  const take = (next: Act): void => {
    // Time enough for the order of arrival to be that of the events.
    shop.wait(1)
    switch (next.act) {
      case 'place':
        placeBoth(next)
        break
      case 'event':
        eventBoth(next)
        break
      case 'cancel':
        model.cancel(orderIds[next.which] ?? '')
        shop.tell(aCancelOrder(orderIds[next.which] ?? '', shop.now()))
        break
      case 'expire': {
        const orderId = orderIds[next.which] ?? ''
        model.expire(orderId)
        const order = shop.state.orders.get(orderId)
        if (order?.status === 'pending') {
          shop.state.orders.set(orderId, { ...order, paymentDueAtMs: 1 })
        }
        shop.tell(anExpireDue([orderId], shop.nowMs(), shop.now()))
        break
      }
      case 'restock':
        model.restock(next.to)
        shop.tell(anAdjustStock({ set: next.to }, shop.now()))
        break
    }
  }
  return { take, compare }
}

test('the rules and a second reading of the contract agree on every order, unit and refund', {
  timeout: LONGEST_MS,
}, () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 1, maxLength: 40, size: 'max' }), (acts) => {
      const { take, compare } = makeTwins()
      for (const each of acts) {
        take(each)
        const { rules, model } = compare()
        expect(rules).toEqual(model)
      }
    }),
    { numRuns: RUNS },
  )
})
