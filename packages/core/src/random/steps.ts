/** Random steps of a sale: what buyers, providers, operators and the timer may do next, whatever stands so far. */
import * as fc from 'fast-check'

const pick = fc.nat(99)
const keyed = fc.boolean()

const hold = fc.record({
  act: fc.constant('hold'),
  product: fc.nat(1),
  quantity: fc.integer({ min: 1, max: 3 }),
  ttlMs: fc.constantFrom(3_000, 6_000, 30_000),
  keyed,
})

const order = fc.record({
  act: fc.constant('order'),
  pick,
  reference: fc.option(fc.nat(15)),
  isOnline: fc.constantFrom(true, true, true, false),
  dueMs: fc.constantFrom(1_000, 8_000, 40_000),
  keyed,
})

const payment = fc.record({
  act: fc.constant('payment'),
  kind: fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'failed', 'refunded', 'other'),
  /** next: the order that is to come. */
  target: fc.constantFrom('order', 'order', 'order', 'hold', 'reference', 'next'),
  pick,
  reference: fc.oneof(fc.constantFrom('none', 'own'), fc.nat(15)),
  amount: fc.constantFrom('none', 'right', 'right', 'part'),
  currency: fc.constantFrom(null, 'USD', 'USD', 'EUR'),
  refundId: fc.constantFrom(null, 're_1', 're_2', 're_3'),
  releases: fc.boolean(),
  restocks: fc.boolean(),
  toInbox: fc.constantFrom(false, false, false, true),
})

export const step = fc.record({
  what: fc.oneof(
    { weight: 7, arbitrary: hold },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('release'), pick, keyed }) },
    { weight: 6, arbitrary: order },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('cancel'), pick, keyed }) },
    { weight: 10, arbitrary: payment },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('carry'), pick }) },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant('resend'), pick, isAltered: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('orphan'), pick }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('expire'), product: fc.nat(1) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant('adjust'),
        product: fc.nat(1),
        isDelta: fc.boolean(),
        by: fc.integer({ min: -3, max: 5 }),
        keyed,
      }),
    },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('repeat'), pick }) },
  ),
  /** Time that passes before the batch, if a new one begins. */
  afterMs: fc.constantFrom(0, 0, 0, 0, 1, 300, 900, 2_000, 5_000, 20_000),
  /** How long ago it was accepted; an api's clock may be ahead. */
  agoMs: fc.constantFrom(-300, 0, 0, 1, 400, 1_500, 4_000),
  /** The database's clock may step back. */
  backMs: fc.constantFrom(0, 0, 0, 0, 700),
  joinsBatch: fc.boolean(),
})

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
export type Act<Name extends Step['what']['act']> = Extract<Step['what'], { act: Name }>
