/** The audit of one product: its journal in order, from its start or its checkpoint, then its rows. */
import type { PaymentEvent } from '@flashlane/core'
import { type Checkpoint, orphanRefundId } from '@flashlane/db'
import type { Books } from './books.ts'
import { unitsOf } from './counters.ts'
import { type Findings, ofProduct } from './findings.ts'
import { checkSold } from './ledger.ts'
import { checkEventMoney, checkOrderMoney } from './money.ts'
import { createReplay, type Replay } from './replay.ts'
import { difference } from './same.ts'
import { createStanding } from './standing.ts'
import { stretchesOf } from './stretches.ts'
import { createTables, knowOrder } from './tables.ts'

export type Auditing = {
  readonly books: Books
  readonly findings: Findings
  /** Lets others have their turn: called between entries and between pages. */
  pause(): Promise<void>
  /** Whether the provider captured the payment of this reference, if its ledger is there. */
  readonly isCaptured: ((reference: string) => boolean) | null
}

const PAGE = 500

/** Tells the newest checkpoint that could be written: of the last entry before `beforeMs`, if that is no older one. */
export async function auditProduct(
  auditing: Auditing,
  productId: number,
  { beforeMs = -Infinity }: { readonly beforeMs?: number } = {},
): Promise<Checkpoint | null> {
  const { findings, books } = auditing
  const checkpoint = await books.checkpoint(productId)
  const replay = createReplay(productId, { findings, checkpoint })
  const audited = { productId, replay, checkpoint }
  if (checkpoint) await bringBack(auditing, { checkpoint, replay })
  const passed = await replayJournal(auditing, { ...audited, beforeMs })
  const sums = await auditOrders(auditing, productId)
  await auditEvents(auditing, productId)
  const totals = await books.holdTotals(productId, { afterSeq: checkpoint?.seq ?? null })
  const rows = { holds: totals.rows, orders: sums.orders }
  await checkCounts(auditing, { ...audited, rows })

  const place = ofProduct(productId)
  const last = replay.state.products.get(productId)
  const row = await books.product(productId)
  if (!last) findings.blame('C2', place, 'no entry of its journal makes the product')
  else if (!row) findings.blame('C2', place, 'the journal has a product that has no row')
  else {
    replay.counters.checkLast(last, row, { ...sums, activeUnits: totals.activeUnits })
    const { held, sold, stockTotal } = row
    const terms = difference(row, { ...last, held, sold, stockTotal })
    if (terms !== '') findings.blame('C2', place, `the product's row differs: its ${terms}`)
  }
  return passed
}

type Audited = {
  readonly productId: number
  readonly replay: Replay
  readonly checkpoint: Checkpoint | null
}

/** Into the state: what stood at the checkpoint, and did not stay as it was. */
async function bringBack(
  { books, pause }: Auditing,
  { checkpoint, replay }: { checkpoint: Checkpoint; replay: Replay },
): Promise<void> {
  const { productId, seq: afterSeq } = checkpoint
  const standing = createStanding(books, checkpoint)
  // The replay tells of what cannot be read.
  const reading = { productId, afterSeq, pause, onUnreadable: () => {} }
  for await (const entries of stretchesOf(books, reading)) await standing.take(entries)
  const { holds, orders } = standing.standing()
  for (const hold of holds) replay.state.holds.set(hold.holdId, hold)
  for (const { order, refunds } of orders) knowOrder(replay.state, order, refunds)
}

async function replayJournal(
  { books, findings, pause }: Auditing,
  { productId, replay, checkpoint, beforeMs }: Audited & { beforeMs: number },
): Promise<Checkpoint | null> {
  const tables = createTables(books, replay, { productId, findings })
  let passed: Checkpoint | null = null
  const onUnreadable = (seq: number) =>
    findings.blame('C2', { productId, seq, index: null }, 'it cannot be read')
  const reading = { productId, afterSeq: checkpoint?.seq ?? 0, pause, onUnreadable }
  for await (const entries of stretchesOf(books, reading)) {
    const loaded = await tables.load(entries)
    for (const entry of entries) {
      replay.take(entry, loaded)
      if (entry.appliedAtMs < beforeMs) passed = replay.standing()
      await pause()
    }
    await tables.settle(replay.endStretch(), loaded)
  }
  await tables.settleAll()
  return passed
}

async function auditOrders({ books, findings, pause, isCaptured }: Auditing, productId: number) {
  const sums = { orders: 0, pendingUnits: 0, soldUnits: 0 }
  for (let afterId = ''; ; ) {
    const page = await books.ordersAfter(productId, { afterId, limit: PAGE })
    for (const book of page) {
      const { order } = book
      const { held, sold } = unitsOf(order)
      sums.orders++
      sums.pendingUnits += held
      sums.soldUnits += sold
      checkOrderMoney(findings, book)
      for (const { reference, status } of order.payments) {
        if (!isCaptured || reference === null || status !== 'captured') continue
        const { orderId } = order
        const facts = { orderId, place: ofProduct(productId), isCaptured: isCaptured(reference) }
        checkSold(findings, reference, facts)
      }
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return sums
    afterId = last.order.orderId
    await pause()
  }
}

async function auditEvents(auditing: Auditing, productId: number): Promise<void> {
  let after: PaymentEvent | null = null
  for (;;) {
    const page: readonly PaymentEvent[] = await auditing.books.eventsOfOrders(productId, {
      after,
      limit: PAGE,
    })
    await checkEnds(auditing, { productId, events: page })
    if (page.length < PAGE) return
    after = page.at(-1) ?? null
    await auditing.pause()
  }
}

/** Looks up where the money of these events is. */
export async function checkEnds(
  { books, findings }: Auditing,
  { productId, events }: { productId: number | null; events: readonly PaymentEvent[] },
): Promise<void> {
  const money = events.filter((event) => event.state === 'done' && event.kind === 'succeeded')
  const nameless = money.filter((event) => event.paymentRef === null)
  const ids = nameless.flatMap((event) => event.orderId ?? [])
  const found = productId === null ? [] : await books.orders(productId, { ids })
  const orders = new Map(found.map(({ order }) => [order.orderId, order]))
  const ofOrders = found.flatMap(({ order }) =>
    order.payments.flatMap((each) => each.reference ?? []),
  )
  const references = [...money.flatMap((event) => event.paymentRef ?? []), ...ofOrders]
  const payments = new Map(
    (await books.paymentsByReference(references)).map((each) => [each.reference, each]),
  )
  const refunds = await books.refundsBy({ references, ids: nameless.map(orphanRefundId) })
  const refundsById = new Map(refunds.map((each) => [each.refundId, each]))
  const refundsBy = new Map(
    refunds.flatMap((each) => (each.reference ? [[each.reference, each]] : [])),
  )
  for (const event of events) {
    const { paymentRef } = event
    const order = orders.get(event.orderId ?? '') ?? null
    // Told without a reference, it may speak of a payment whose money goes back under one.
    const itsOwn = order?.payments.find((each) => refundsBy.has(each.reference ?? ''))?.reference
    const refund =
      refundsBy.get(paymentRef ?? itsOwn ?? '') ?? refundsById.get(orphanRefundId(event))
    const payment = paymentRef === null ? null : (payments.get(paymentRef) ?? null)
    checkEventMoney(findings, event, { payment, refund: refund ?? null, order })
  }
}

/** Rows that no entry made: those that an entry made were compared one by one. */
async function checkCounts(
  { books, findings }: Auditing,
  { productId, replay, rows }: Audited & { rows: { holds: number; orders: number } },
): Promise<void> {
  const { made } = replay
  const place = ofProduct(productId)
  const counts = [
    ['C8', 'holds', rows.holds, made.holds],
    ['C7', 'orders', rows.orders, made.orders],
    ['C7', 'payments', await books.countPayments(productId), made.payments],
    ['C7', 'refunds', await books.countRefunds(productId), made.refunds],
  ] as const
  for (const [checker, what, are, should] of counts) {
    if (are === should) continue
    findings.blame(
      checker,
      place,
      `there are ${are} rows of ${what}, and the journal made ${should}`,
    )
  }
}
