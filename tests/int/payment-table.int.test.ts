/**
 * The table of money (what a payment event does to an order in each of its states) on a real database: each cell command
 * by command, all in one batch, and one by one behind a command that the database refuses. All must end in the same rows.
 */
import type { Command, PlaceHold, RecordPayment } from '@flashlane/core'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aBatch,
  aBatchId,
  aCancelOrder,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
  anAdjustStock,
  anExpireDue,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

/** What the refused hold would find; the buyer then finds four. */
const AMPLE_STOCK = 20
const STOCK = 4
const QUANTITY = 2
const PRICE = 4_900
const AMOUNT = QUANTITY * PRICE
/** Longer than the grace of an expiry. */
const LONG_AGO_MS = 10_000
/** What the database is told to refuse: a hold of this many. */
const REFUSED_QUANTITY = 13

let testDatabase: TestDatabase

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  const refused = sql.lit(REFUSED_QUANTITY)
  await sql`alter table holds add constraint refused check (quantity <> ${refused})`.execute(
    testDatabase.database.db,
  )
})
afterAll(() => testDatabase.drop())

/** One buyer's commands, all known beforehand: an order of two units, whose own payment is `own`. */
function aBuyer(productId: number) {
  const x = aBatchId()
  const hold = aPlaceHold(productId, { quantity: QUANTITY })
  const order = aPlaceOrder(hold, { paymentRef: `own-${x}` })
  const overdueHold = { ...hold, ttlMs: -LONG_AGO_MS }
  const overdueOrder = {
    ...order,
    paymentDueMs: -LONG_AGO_MS,
    acceptedAtMs: Date.now() - 2 * LONG_AGO_MS,
  }
  const tell = (over: Partial<RecordPayment>) =>
    aPayment(productId, { orderId: order.orderId, ...over })
  const expire = anExpireDue(productId, [order.orderId], Date.now())

  return {
    productId,
    hold,
    order,
    overdue: { hold: overdueHold, order: overdueOrder, expire },
    own: { paymentRef: `own-${x}` },
    another: { paymentRef: `another-${x}` },
    tell,
    cancel: aCancelOrder(order),
    stock: (set: number) => anAdjustStock(productId, { set }),
  }
}
type Buyer = ReturnType<typeof aBuyer>

const pending = ({ hold, order }: Buyer): Command[] => [hold, order]
const paid = (buyer: Buyer): Command[] => [...pending(buyer), buyer.tell(buyer.own)]
const cancelled = (buyer: Buyer): Command[] => [...pending(buyer), buyer.cancel]

/** Commands that lead to an order in each state of the table. */
const GIVEN = {
  pending,
  paid,
  confirmed: ({ hold, order }: Buyer): Command[] => [
    hold,
    { ...order, payment: 'cash_on_delivery' },
  ],
  cancelled,
  expired: ({ overdue }: Buyer): Command[] => [overdue.hold, overdue.order, overdue.expire],
  refund_due: (buyer: Buyer): Command[] => [
    ...cancelled(buyer),
    buyer.stock(0),
    buyer.tell(buyer.own),
    buyer.stock(STOCK),
  ],
  refunded: (buyer: Buyer): Command[] => [
    ...paid(buyer),
    buyer.tell({ kind: 'refunded', ...buyer.own }),
  ],
  'paid twice': (buyer: Buyer): Command[] => [...paid(buyer), buyer.tell(buyer.another)],
} as const satisfies Record<string, (buyer: Buyer) => Command[]>

const EVENT = {
  success: ({ tell, own }: Buyer) => tell(own),
  'success, no reference': ({ tell }: Buyer) => tell({}),
  'success, by reference alone': ({ tell, own }: Buyer) => tell({ orderId: null, ...own }),
  'success, by hold': ({ tell, own, hold }: Buyer) =>
    tell({ orderId: null, holdId: hold.holdId, ...own }),
  'success, other amount': ({ tell, own }: Buyer) => tell({ ...own, amount: AMOUNT - 1 }),
  'success, other currency': ({ tell, own }: Buyer) =>
    tell({ ...own, amount: AMOUNT, currency: 'EUR' }),
  'success, another payment': ({ tell, another }: Buyer) => tell(another),
  failed: ({ tell, own }: Buyer) => tell({ kind: 'failed', ...own }),
  'failed, kept until due': ({ tell, own }: Buyer) =>
    tell({ kind: 'failed', releaseOnFailure: false, ...own }),
  'failed, another payment': ({ tell, another }: Buyer) => tell({ kind: 'failed', ...another }),
  refunded: ({ tell, own }: Buyer) => tell({ kind: 'refunded', ...own }),
  'refunded, to restock': ({ tell, own }: Buyer) =>
    tell({ kind: 'refunded', restockOnRefund: true, ...own }),
  'refunded, in part': ({ tell, own }: Buyer) =>
    tell({ kind: 'refunded', amount: AMOUNT - 1, ...own }),
  'refunded, another payment': ({ tell, another }: Buyer) => tell({ kind: 'refunded', ...another }),
} as const satisfies Record<string, (buyer: Buyer) => RecordPayment>

type Row = readonly [
  event: keyof typeof EVENT,
  order: keyof typeof GIVEN,
  stock: 'enough' | 'sold out',
  result: string,
  status: string,
  heldAndSold: string,
  payments: string,
  refunds: string,
]

// biome-ignore format: a table reads by its columns
const TABLE: readonly Row[] = [
  ['success', 'pending', 'enough', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success', 'paid', 'enough', 'ignored', 'paid', '0/2', 'own captured', ''],
  ['success', 'confirmed', 'enough', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success', 'cancelled', 'enough', 'late_retaken', 'paid late', '0/2', 'own captured', ''],
  ['success', 'cancelled', 'sold out', 'refund_due', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['success', 'expired', 'enough', 'late_retaken', 'paid late', '0/2', 'own captured', ''],
  ['success', 'expired', 'sold out', 'refund_due', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['success', 'refund_due', 'enough', 'ignored', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['success', 'refunded', 'enough', 'ignored', 'refunded', '0/2', 'own refunded', ''],

  ['success, no reference', 'pending', 'enough', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, no reference', 'paid', 'enough', 'ignored', 'paid', '0/2', 'own captured', ''],
  ['success, no reference', 'refund_due', 'enough', 'ignored', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['success, by reference alone', 'pending', 'enough', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, by reference alone', 'cancelled', 'enough', 'late_retaken', 'paid late', '0/2', 'own captured', ''],
  ['success, by hold', 'pending', 'enough', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, by hold', 'expired', 'sold out', 'refund_due', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['success, other amount', 'pending', 'enough', 'payment_mismatch', 'pending', '2/0', 'own refund_due', 'own due payment_mismatch'],
  ['success, other currency', 'pending', 'enough', 'payment_mismatch', 'pending', '2/0', 'own refund_due', 'own due payment_mismatch'],
  ['success, other amount', 'cancelled', 'enough', 'payment_mismatch', 'cancelled', '0/0', 'own refund_due', 'own due payment_mismatch'],

  ['success, another payment', 'pending', 'enough', 'applied', 'paid', '0/2', 'own named, another captured', ''],
  ['success, another payment', 'paid', 'enough', 'refund_due', 'paid', '0/2', 'own captured, another refund_due', 'another due second_payment'],
  ['success, another payment', 'confirmed', 'enough', 'refund_due', 'confirmed', '0/2', 'own named, another refund_due', 'another due second_payment'],
  ['success, another payment', 'cancelled', 'enough', 'late_retaken', 'paid late', '0/2', 'own named, another captured', ''],
  ['success, another payment', 'cancelled', 'sold out', 'refund_due', 'refund_due late', '0/0', 'own named, another refund_due', 'another due late_payment'],
  ['success, another payment', 'expired', 'enough', 'late_retaken', 'paid late', '0/2', 'own named, another captured', ''],
  ['success, another payment', 'expired', 'sold out', 'refund_due', 'refund_due late', '0/0', 'own named, another refund_due', 'another due late_payment'],
  ['success, another payment', 'refund_due', 'enough', 'refund_due', 'refund_due late', '0/0', 'own refund_due, another refund_due', 'another due second_payment, own due late_payment'],
  ['success, another payment', 'refunded', 'enough', 'refund_due', 'refunded', '0/2', 'own refunded, another refund_due', 'another due second_payment'],
  ['success, another payment', 'paid twice', 'enough', 'ignored', 'paid', '0/2', 'own captured, another refund_due', 'another due second_payment'],

  ['failed', 'pending', 'enough', 'applied', 'cancelled', '0/0', 'own named', ''],
  ['failed', 'paid', 'enough', 'ignored', 'paid', '0/2', 'own captured', ''],
  ['failed', 'confirmed', 'enough', 'ignored', 'confirmed', '0/2', 'own named', ''],
  ['failed', 'cancelled', 'enough', 'ignored', 'cancelled', '0/0', 'own named', ''],
  ['failed', 'expired', 'enough', 'ignored', 'expired', '0/0', 'own named', ''],
  ['failed', 'refund_due', 'enough', 'ignored', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['failed', 'refunded', 'enough', 'ignored', 'refunded', '0/2', 'own refunded', ''],
  ['failed, kept until due', 'pending', 'enough', 'ignored', 'pending', '2/0', 'own named', ''],
  ['failed, another payment', 'pending', 'enough', 'ignored', 'pending', '2/0', 'own named, another named', ''],
  ['failed, another payment', 'paid', 'enough', 'ignored', 'paid', '0/2', 'own captured, another named', ''],

  ['refunded', 'pending', 'enough', 'applied', 'pending', '2/0', 'own refunded', ''],
  ['refunded', 'paid', 'enough', 'applied', 'refunded', '0/2', 'own refunded', ''],
  ['refunded', 'confirmed', 'enough', 'applied', 'refunded', '0/2', 'own refunded', ''],
  ['refunded', 'cancelled', 'enough', 'applied', 'cancelled', '0/0', 'own refunded', ''],
  ['refunded', 'expired', 'enough', 'applied', 'expired', '0/0', 'own refunded', ''],
  ['refunded', 'refund_due', 'enough', 'applied', 'refunded late', '0/0', 'own refunded', 'own done late_payment'],
  ['refunded', 'refunded', 'enough', 'ignored', 'refunded', '0/2', 'own refunded', ''],
  ['refunded, to restock', 'paid', 'enough', 'applied', 'refunded', '0/0', 'own refunded', ''],
  ['refunded, to restock', 'confirmed', 'enough', 'applied', 'refunded', '0/0', 'own refunded', ''],
  ['refunded, to restock', 'refund_due', 'enough', 'applied', 'refunded late', '0/0', 'own refunded', 'own done late_payment'],
  ['refunded, to restock', 'refunded', 'enough', 'ignored', 'refunded', '0/2', 'own refunded', ''],
  ['refunded, in part', 'paid', 'enough', 'applied', 'paid', '0/2', 'own captured', ''],
  ['refunded, in part', 'refund_due', 'enough', 'applied', 'refund_due late', '0/0', 'own refund_due', 'own due late_payment'],
  ['refunded, another payment', 'paid', 'enough', 'applied', 'paid', '0/2', 'own captured, another refunded', ''],
  ['refunded, another payment', 'paid twice', 'enough', 'applied', 'paid', '0/2', 'own captured, another refunded', 'another done second_payment'],
  ['refunded, another payment', 'pending', 'enough', 'applied', 'pending', '2/0', 'own named, another refunded', ''],
]

// biome-ignore format: a table reads by its columns
const BEFORE_THE_ORDER: readonly (readonly [
  event: keyof typeof EVENT, result: string, status: string, heldAndSold: string, payments: string, refunds: string,
])[] = [
  ['success', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, no reference', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, by reference alone', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, by hold', 'applied', 'paid', '0/2', 'own captured', ''],
  ['success, other amount', 'payment_mismatch', 'pending', '2/0', 'own refund_due', 'own due payment_mismatch'],
  ['success, another payment', 'applied', 'paid', '0/2', 'own named, another captured', ''],
  ['failed', 'applied', 'cancelled', '0/0', 'own named', ''],
  ['failed, kept until due', 'ignored', 'pending', '2/0', 'own named', ''],
  ['failed, another payment', 'ignored', 'pending', '2/0', 'own named, another named', ''],
  ['refunded', 'applied', 'pending', '2/0', 'own refunded', ''],
  ['refunded, another payment', 'applied', 'pending', '2/0', 'own named, another refunded', ''],
]

const aRefused = (productId: number): PlaceHold =>
  aPlaceHold(productId, { quantity: REFUSED_QUANTITY })

/** As workers do: nothing is shared from batch to batch but the database. */
const applyNow = async (commands: Command[]) =>
  (await applyBatch(createStore(testDatabase.database, log), aBatch(commands))).outcomes
const log = pino({ level: 'silent' })

const WAYS = {
  'a batch each': async (commands: Command[]) => {
    for (const command of commands) await applyNow([command])
  },
  'in one batch': (commands: Command[]) => applyNow(commands),
  'in one batch with a command that the database refuses': (commands: Command[]) =>
    applyNow([aRefused(commands[0]?.productId ?? 0), ...commands]),
} as const

describe.each(Object.entries(WAYS))('%s', (_, applyAll) => {
  test.each(TABLE)(
    '%s on an order that is %s, stock %s: %s, order %s, held/sold %s, payments %s, refunds %s',
    async (event, given, stock, result, status, heldAndSold, payments, refunds) => {
      const buyer = aBuyer(await aProduct(testDatabase.database, { stock: AMPLE_STOCK }))
      const told = EVENT[event](buyer)

      await applyAll([
        buyer.stock(STOCK),
        ...GIVEN[given](buyer),
        ...(stock === 'sold out' ? [buyer.stock(0)] : []),
        told,
      ])

      expect(await rowsOf(buyer, told)).toEqual({
        event: `done ${result}`,
        order: status,
        heldAndSold,
        payments,
        refunds,
      })
    },
  )

  test.each(BEFORE_THE_ORDER)(
    '%s before the order is there: parked, then %s, order born %s, held/sold %s, payments %s, refunds %s',
    async (event, result, status, heldAndSold, payments, refunds) => {
      const buyer = aBuyer(await aProduct(testDatabase.database, { stock: AMPLE_STOCK }))
      const told = EVENT[event](buyer)

      await applyAll([buyer.stock(STOCK), buyer.hold, told, buyer.order])

      expect(await rowsOf(buyer, told)).toEqual({
        event: `done ${result}`,
        order: status,
        heldAndSold,
        payments,
        refunds,
      })
    },
  )

  test.each(BEFORE_THE_ORDER)('%s and no order ever: parked, and nothing moves', async (event) => {
    const buyer = aBuyer(await aProduct(testDatabase.database, { stock: AMPLE_STOCK }))
    const told = EVENT[event](buyer)

    await applyAll([buyer.stock(STOCK), buyer.hold, told])

    expect(await rowsOf(buyer, told)).toEqual({
      event: 'parked',
      order: '',
      heldAndSold: '2/0',
      payments: '',
      refunds: '',
    })
  })
})

type Text = string | null
type Rows = {
  product: { held: number; sold: number }
  order: { status: Text; late_payment: number }
  payment: { reference: Buffer; status: Text }
  refund: { reference: Buffer; status: Text; reason: Text }
  event: { state: Text; result: Text }
}

/** What the database has of it, each row in a few words. */
async function rowsOf({ productId, order: { orderId } }: Buyer, { eventKey }: RecordPayment) {
  const { db } = testDatabase.database
  const product = await sql<Rows['product']>`
    select held, sold from products where product_id = ${productId}`.execute(db)
  const order = await sql<Rows['order']>`
    select status, late_payment from orders where order_id = ${orderId}`.execute(db)
  const payments = await sql<Rows['payment']>`
    select reference, status from payments where order_id = ${orderId} order by n`.execute(db)
  const refunds = await sql<Rows['refund']>`
    select reference, status, reason from refunds where order_id = ${orderId}
    order by reference`.execute(db)
  const event = await sql<Rows['event']>`
    select state, result from payment_events where event_key = ${Buffer.from(eventKey)}`.execute(db)
  return {
    event: event.rows.map((row) => words(row.state, row.result)).join(),
    order: order.rows.map((row) => words(row.status, row.late_payment ? 'late' : null)).join(),
    heldAndSold: product.rows.map((row) => `${row.held}/${row.sold}`).join(),
    payments: payments.rows.map((row) => words(nameOf(row), row.status)).join(', '),
    refunds: refunds.rows.map((row) => words(nameOf(row), row.status, row.reason)).join(', '),
  }
}

const words = (...each: readonly Text[]): string => each.filter((word) => word !== null).join(' ')
const nameOf = ({ reference }: { reference: Buffer }): string =>
  reference.toString().split('-')[0] ?? ''
