/** Random steps of a sale: what buyers, providers, operators and the timer may do next, whatever stands so far. */
import * as fc from 'fast-check'

const pick = fc.nat(99)
const keyed = fc.boolean()

/** Bytes make a name: these are five customers. */
export const CUSTOMERS = ['ann', 'Ann', 'ann ', 'änn', '__proto__'] as const

const hold = fc.record({
  act: fc.constant('hold'),
  product: fc.nat(1),
  quantity: fc.integer({ min: 1, max: 3 }),
  ttlMs: fc.constantFrom(3_000, 6_000, 30_000),
  customer: fc.constantFrom(null, 'ann', 'ann', 'ann', ...CUSTOMERS),
  isPartial: fc.constantFrom(false, false, true),
  replaces: fc.constantFrom(false, false, false, true),
  keyed,
})

const extend = fc.record({
  act: fc.constant('extend'),
  pick,
  extendMs: fc.constantFrom(1_000, 8_000, 60_000),
  lifetimeMs: fc.constantFrom(4_000, 40_000),
  keyed,
})

/** What an operator says of a product. Mostly it stays on sale, or little else would happen. */
const change = fc.record({
  act: fc.constant('change'),
  product: fc.nat(1),
  isPriceOnly: fc.boolean(),
  price: fc.constantFrom(0, 30, 50, 70),
  currency: fc.constantFrom('USD', 'USD', 'USD', 'EUR'),
  isPaused: fc.constantFrom(false, false, false, false, false, true),
  startsInMs: fc.constantFrom(null, null, null, null, null, -1_000, 600, 3_000),
  endsInMs: fc.constantFrom(null, null, null, null, null, 4_000, 300, -500),
  maxPerHold: fc.constantFrom(null, null, 2, 1),
  maxPerCustomer: fc.constantFrom(null, 1, 2, 3, 4),
  keyed,
})

const settle = fc.record({
  act: fc.constant('settle'),
  pick,
  status: fc.constantFrom('sent', 'done'),
  isOthers: fc.constantFrom(false, false, false, false, true),
  keyed,
})

const order = fc.record({
  act: fc.constant('order'),
  pick,
  reference: fc.option(fc.nat(15)),
  isOnline: fc.constantFrom(true, true, true, false),
  customer: fc.constantFrom('the same', 'the same', null, null, 'ann', 'Ann'),
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
    { weight: 9, arbitrary: hold },
    { weight: 2, arbitrary: extend },
    { weight: 1, arbitrary: change },
    { weight: 2, arbitrary: settle },
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
  /** What customers have was counted when the batch began, and not when a command first asked. */
  isCounted: fc.boolean(),
})

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
export type Act<Name extends Step['what']['act']> = Extract<Step['what'], { act: Name }>
