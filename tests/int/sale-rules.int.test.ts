/**
 * The rules of a sale on a real database: what customers have is counted from rows, and what was decided is saved whole.
 * Each story is told in a batch each, in one batch, and one by one beside a command that the database refuses.
 */
import type { Command, Outcome } from '@flashlane/core'
import { findHold, findOrder, findProduct } from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aBatch,
  aCancelOrder,
  aChangeProduct,
  anExtendHold,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  aReleaseHold,
  aSettleRefund,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const LONG_AGO_MS = 10_000

let testDatabase: TestDatabase
const log = pino({ level: 'silent' })

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  await sql`alter table outcomes add constraint refused check (body not like '%order_not_found%')`.execute(
    testDatabase.database.db,
  )
})
afterAll(() => testDatabase.drop())

/** As a worker process of its own would: nothing is shared but the database. */
const applyNow = async (commands: Command[]): Promise<readonly Outcome[]> =>
  (await applyBatch(createStore(testDatabase.database, log), aBatch(commands))).outcomes
const productOf = (productId: number) => findProduct(testDatabase.database, productId)
const holdOf = ({ holdId }: { holdId: string }) => findHold(testDatabase.database, holdId)
const orderOf = ({ orderId }: { orderId: string }) => findOrder(testDatabase.database, orderId)

/** Its outcome is one that the database is told to refuse. */
const aRefused = (productId: number) => aCancelOrder(aPlaceOrder(aPlaceHold(productId)))

/** Each answers what the commands themselves were answered. */
const WAYS = {
  'a batch each': async (commands: Command[]) => {
    const outcomes: Outcome[] = []
    for (const command of commands) outcomes.push(...(await applyNow([command])))
    return outcomes
  },
  'in one batch': applyNow,
  'in one batch with a command that the database refuses': async (commands: Command[]) => {
    const productId = commands[0]?.productId ?? 0
    const [refused, ...outcomes] = await applyNow([aRefused(productId), ...commands])
    if (refused?.outcome !== 'error') throw new Error('the database took what it was to refuse')
    return outcomes
  },
} as const

/** `accepted`, or why not with the facts. */
const said = (outcome: Outcome): string =>
  outcome.outcome === 'refused'
    ? [outcome.reason, ...Object.values(outcome.facts)].join(' ')
    : outcome.outcome

describe.each(Object.entries(WAYS))('%s', (_, applyAll) => {
  const tell = async (commands: Command[]) => (await applyAll(commands)).map(said)

  test('a customer’s overdue order, loaded to make room, counts once against his limit', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 7, maxPerCustomer: 12 })
    const his = { customerRef: 'ann', acceptedAtMs: Date.now() - 2 * LONG_AGO_MS }
    const hold = aPlaceHold(productId, { ...his, quantity: 6, ttlMs: -LONG_AGO_MS })
    await applyNow([hold, aPlaceOrder(hold, { ...his, paymentDueMs: -LONG_AGO_MS })])

    // Bob's asks for more than is free, so that all that is due is loaded.
    const outcomes = await tell([
      aPlaceHold(productId, { customerRef: 'ann' }),
      aPlaceHold(productId, { customerRef: 'bob' }),
    ])

    expect(outcomes).toEqual(['accepted', 'accepted'])
  })

  test('a customer’s name is its bytes: case, accents and blanks make others, and each has his own limit', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 100, maxPerCustomer: 2 })
    const names = ['ann', 'Ann', 'ann ', ' ann', '\u00e4nn', 'a\u0308nn', '__proto__', '1 ann', '0']

    for (const customerRef of names) {
      const hold = () => aPlaceHold(productId, { customerRef })
      expect(await tell([hold(), hold(), hold()])).toEqual([
        'accepted',
        'accepted',
        'customer_limit 2 2',
      ])
    }
    const last = names.map((customerRef) => aPlaceHold(productId, { customerRef }))
    expect(new Set(await tell(last))).toEqual(new Set(['customer_limit 2 2']))
  })

  test('held, ordered, paid and confirmed units count; released, cancelled and refunded ones do not', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 100, maxPerCustomer: 4 })
    const his = { customerRef: 'ann' }
    const hold = () => aPlaceHold(productId, his)
    const [held, pending, paid, confirmed] = [hold(), hold(), hold(), hold()]
    const orders = {
      pending: aPlaceOrder(pending),
      paid: aPlaceOrder(paid),
      confirmed: aPlaceOrder(confirmed, { payment: 'cash_on_delivery' }),
    }
    await tell([held, pending, paid, confirmed, ...Object.values(orders)])
    await tell([aPayment(productId, { orderId: orders.paid.orderId })])

    const gaveBack = [
      aReleaseHold(held),
      aCancelOrder(orders.pending),
      aPayment(productId, { orderId: orders.paid.orderId, kind: 'refunded' }),
      aCancelOrder(orders.confirmed),
    ]
    for (const command of gaveBack) {
      expect(await tell([hold(), command, hold(), hold()])).toEqual([
        'customer_limit 4 4',
        'accepted',
        'accepted',
        'customer_limit 4 4',
      ])
    }
  })

  test('a late payment that takes its units again counts for its customer again', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 5, maxPerCustomer: 1 })
    const his = { customerRef: 'ann' }
    const hold = aPlaceHold(productId, his)
    const order = aPlaceOrder(hold)
    const between = aPlaceHold(productId, his)

    const outcomes = await tell([
      hold,
      order,
      aCancelOrder(order),
      between,
      aPayment(productId, { orderId: order.orderId }),
      aPlaceHold(productId, his),
      aReleaseHold(between),
      aPlaceHold(productId, his),
    ])

    expect(outcomes.slice(3)).toEqual([
      'accepted',
      'accepted',
      'customer_limit 1 2',
      'accepted',
      'customer_limit 1 1',
    ])
  })

  test('an order counts for whoever names himself in it, where its hold had no name', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 5 })
    const hold = aPlaceHold(productId)
    const his = aPlaceHold(productId, { customerRef: 'ann' })

    const outcomes = await tell([
      hold,
      his,
      aChangeProduct(productId, { maxPerCustomer: 1 }),
      aPlaceOrder(his, { customerRef: 'bob' }),
      aPlaceOrder(hold, { customerRef: 'bob' }),
      aPlaceHold(productId, { customerRef: 'bob' }),
      aPlaceHold(productId, { customerRef: 'ann' }),
    ])

    expect(outcomes.slice(3)).toEqual([
      expect.stringContaining('hold_not_found'),
      'accepted',
      'customer_limit 1 1',
      'customer_limit 1 1',
    ])
  })

  test('a replacing hold takes all of its customer’s holds, or none where it is refused', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 6, maxPerCustomer: 5 })
    const his = { customerRef: 'ann', replaceExisting: true } as const
    const old = [1, 1].map((quantity) => aPlaceHold(productId, { customerRef: 'ann', quantity }))
    const others = aPlaceHold(productId, { customerRef: 'Ann', quantity: 2 })
    const replacing = aPlaceHold(productId, { ...his, quantity: 4 })

    expect(
      await tell([
        ...old,
        others,
        aPlaceHold(productId, { ...his, quantity: 5 }),
        aPlaceHold(productId, { ...his, quantity: 6 }),
      ]),
    ).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'insufficient_stock 2 5',
      'insufficient_stock 2 6',
    ])
    for (const hold of old) expect(await holdOf(hold)).toMatchObject({ status: 'active' })

    expect(await tell([replacing])).toEqual(['accepted'])
    for (const hold of old) expect(await holdOf(hold)).toMatchObject({ status: 'released' })
    expect(await holdOf(others)).toMatchObject({ status: 'active' })
    expect(await productOf(productId)).toMatchObject({ held: 6 })

    const partial = aPlaceHold(productId, { ...his, quantity: 9, allowPartial: true })
    expect(
      await tell([
        aReleaseHold(others),
        aChangeProduct(productId, { maxPerCustomer: null }),
        partial,
      ]),
    ).toEqual(['accepted', 'accepted', 'accepted'])
    expect(await holdOf(partial)).toMatchObject({ quantity: 6, requestedQuantity: 9 })
    expect(await holdOf(replacing)).toMatchObject({ status: 'released' })
  })

  test('a price, window, limit or pause that changes counts for the commands behind it', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 9, price: 50 })
    const change = (changes: Parameters<typeof aChangeProduct>[1]) =>
      aChangeProduct(productId, changes)
    const hold = () => aPlaceHold(productId, { customerRef: 'ann', quantity: 2 })
    const [before, after] = [hold(), hold()]
    const endedAtMs = Date.now() - LONG_AGO_MS
    const startsAtMs = Date.now() + 1_000 * LONG_AGO_MS

    const outcomes = await tell([
      before,
      change({ price: 70, currency: 'EUR' }),
      after,
      change({ maxPerHold: 1 }),
      hold(),
      change({ maxPerHold: null, maxPerCustomer: 4 }),
      hold(),
      change({ maxPerCustomer: null, isPaused: true }),
      hold(),
      change({ isPaused: false, saleEndsAtMs: endedAtMs }),
      hold(),
      change({ saleStartsAtMs: startsAtMs }),
      change({ saleStartsAtMs: startsAtMs, saleEndsAtMs: null }),
      hold(),
      change({ saleStartsAtMs: null }),
      aPlaceOrder(before),
      hold(),
    ])

    expect(outcomes.filter((each) => each !== 'accepted')).toEqual([
      'quantity_above_limit 1',
      'customer_limit 4 4',
      'product_paused',
      `sale_ended ${endedAtMs}`,
      `sale_window_empty ${startsAtMs} ${endedAtMs}`,
      `sale_not_started ${startsAtMs}`,
    ])
    expect(await holdOf(before)).toMatchObject({ unitPrice: 50, currency: 'USD' })
    expect(await holdOf(after)).toMatchObject({ unitPrice: 70, currency: 'EUR' })
    expect(await productOf(productId)).toMatchObject({ held: 6, price: 70, maxPerHold: null })
  })

  test('an extended hold has its new deadline, and an order on it waits for it', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 1 })
    const hold = aPlaceHold(productId, { ttlMs: 60_000 })
    const extend = () => anExtendHold(hold, { extendMs: 400_000 })
    const order = aPlaceOrder(hold, { paymentDueMs: 1_000 })

    expect(await tell([hold, extend(), extend(), extend()])).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'extend_limit 2',
    ])
    const extended = await holdOf(hold)
    expect(extended?.extensions).toBe(2)
    expect((extended?.expiresAtMs ?? 0) - (extended?.createdAtMs ?? 0)).toBeGreaterThanOrEqual(
      400_000,
    )
    expect((extended?.bornExpiresAtMs ?? 0) - (extended?.createdAtMs ?? 0)).toBe(60_000)
    expect(await tell([order])).toEqual(['accepted'])
    expect((await orderOf(order))?.order.paymentDueAtMs).toBe(extended?.expiresAtMs)
  })

  test('an operator’s settling is saved with the order and its payment, and the provider’s word later changes nothing', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 1 })
    const hold = aPlaceHold(productId)
    const order = aPlaceOrder(hold, { paymentRef: `pi_${hold.holdId}` })
    const { orderId } = order
    await tell([hold, order, aCancelOrder(order), aPlaceHold(productId)])
    await tell([aPayment(productId, { orderId })])

    expect(await tell([aSettleRefund(order, 'sent')])).toEqual(['accepted'])
    expect(await orderOf(order)).toMatchObject({
      order: { status: 'refund_due', payments: [{ status: 'refund_due' }] },
      refunds: [{ status: 'sent' }],
    })
    const done = aSettleRefund(order, 'done')
    const refunded = aPayment(productId, { orderId, kind: 'refunded' })
    expect(await tell([done, aSettleRefund(order, 'sent'), refunded])).toEqual(
      Array(3).fill('accepted'),
    )
    expect(await orderOf(order)).toMatchObject({
      order: { status: 'refunded', payments: [{ status: 'refunded' }] },
      refunds: [{ status: 'done' }],
    })
  })

  test('a repeat with the same key is answered as at its birth, whatever became of it since', async () => {
    const productId = await aProduct(testDatabase.database, { stock: 3, price: 50 })
    const keyed = { fingerprint: 'f'.repeat(32) }
    const hold = {
      ...aPlaceHold(productId, { quantity: 5, allowPartial: true, customerRef: 'ann' }),
      ...keyed,
    }
    const first = [
      hold,
      { ...anExtendHold(hold), ...keyed },
      { ...aChangeProduct(productId, { price: 70, maxPerCustomer: 3 }), ...keyed },
      { ...aPlaceHold(productId, { customerRef: 'ann' }), ...keyed },
    ]
    const order = aPlaceOrder(hold)
    const settle = { ...aSettleRefund(order, 'sent'), ...keyed }
    const answered = [...(await applyAll(first))]
    await tell([
      order,
      aCancelOrder(order),
      aPlaceHold(productId, { customerRef: 'bob', quantity: 3 }),
    ])
    await tell([aPayment(productId, { orderId: order.orderId, paymentRef: order.orderId })])
    answered.push(...(await applyAll([settle])))
    await tell([
      aSettleRefund(order, 'done'),
      aChangeProduct(productId, { price: 90, isPaused: true, maxPerCustomer: null }),
    ])

    const repeated = await applyAll([...first, settle])

    expect(answered.map(said)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'insufficient_stock 0 1',
      'accepted',
    ])
    expect(answered[0]).toMatchObject({ result: { hold: { quantity: 3, requestedQuantity: 5 } } })
    expect(repeated).toEqual(answered.map((outcome) => ({ ...outcome, replayed: keyed })))
  })

  test('what an operator says of several products at once is saved whole, each field, null or not', async () => {
    const [a, b] = [
      await aProduct(testDatabase.database, { stock: 5 }),
      await aProduct(testDatabase.database, { stock: 5 }),
    ]
    const full = {
      name: String.raw`it's \ a "lamp" 🏮 `,
      description: 'two\nlines\u0000 %_',
      image: 'https://example.com/?a=1&b=2',
      price: 1_000_000_000_000,
      currency: 'EUR',
      saleStartsAtMs: 1_700_000_000_000,
      saleEndsAtMs: 1_900_000_000_001,
      maxPerHold: 100,
      maxPerCustomer: 1_000_000,
      isPaused: true,
    }
    const bare = {
      name: 'x',
      description: '',
      image: null,
      price: 0,
      currency: 'USD',
      saleStartsAtMs: null,
      saleEndsAtMs: null,
      maxPerHold: null,
      maxPerCustomer: null,
      isPaused: false,
    }

    await tell([aChangeProduct(a, full), aChangeProduct(b, bare)])
    expect([await productOf(a), await productOf(b)]).toMatchObject([full, bare])
    await tell([aChangeProduct(a, bare), aChangeProduct(b, full)])
    expect([await productOf(a), await productOf(b)]).toMatchObject([bare, full])
    for (const [term, value] of Object.entries(full)) {
      await tell([aChangeProduct(a, { [term]: value })])
      expect(await productOf(a)).toMatchObject({ ...bare, [term]: value })
      await tell([aChangeProduct(a, bare)])
      expect(await productOf(a)).toMatchObject(bare)
    }
  })
})

test('200 batches of one customer at once: he holds what his limit says, and not a unit more', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 1_000, maxPerCustomer: 7 })
  const batches = Array.from({ length: 200 }, (_, n) =>
    Array.from({ length: 1 + (n % 3) }, () =>
      aPlaceHold(productId, { customerRef: n % 10 === 0 ? 'bob' : 'ann', quantity: 1 + (n % 2) }),
    ),
  )

  const outcomes = (await Promise.all(batches.map((each) => applyNow(each)))).flat()

  const { rows } = await sql<{ customer: string; units: string }>`
    select cast(customer_ref as char) as customer, cast(sum(quantity) as char) as units from holds
    where product_id = ${productId} and status = 'active' group by customer_ref order by customer_ref
  `.execute(testDatabase.database.db)
  expect(rows).toEqual([
    { customer: 'ann', units: '7' },
    { customer: 'bob', units: expect.stringMatching(/^[67]$/) as string },
  ])
  const refusals = new Set(outcomes.filter((each) => each.outcome !== 'accepted').map(said))
  expect([...refusals].every((each) => /^customer_limit 7 [67]$/.test(each))).toBe(true)
})

test('50 replacing batches of one customer at once: he is left with one hold', async () => {
  const productId = await aProduct(testDatabase.database, { stock: 4 })
  const replacing = () =>
    aPlaceHold(productId, { customerRef: 'ann', quantity: 3, replaceExisting: true })

  const outcomes = (
    await Promise.all(Array.from({ length: 50 }, () => applyNow([replacing(), replacing()])))
  ).flat()

  expect(new Set(outcomes.map(said))).toEqual(new Set(['accepted']))
  expect(await productOf(productId)).toMatchObject({ held: 3 })
})
