/** The audit of one product: its journal in order, a stretch at a time, then its rows. */
import type { PaymentEvent } from '@flashlane/core'
import { orphanRefundId } from '@flashlane/db'
import type { Books } from './books.ts'
import { unitsOf } from './counters.ts'
import { type Entry, entryOf } from './entry.ts'
import { type Findings, ofProduct } from './findings.ts'
import { checkSold } from './ledger.ts'
import { checkEventMoney, checkOrderMoney } from './money.ts'
import { createReplay, type Replay } from './replay.ts'
import { difference } from './same.ts'
import { createTables } from './tables.ts'

export type Auditing = {
  readonly books: Books
  readonly findings: Findings
  /** Lets others have their turn: called between entries and between pages. */
  pause(): Promise<void>
  /** Whether the provider captured the payment of this reference, if its ledger is there. */
  readonly isCaptured: ((reference: string) => boolean) | null
}

/** A stretch is some hundred commands: deciding it again takes some milliseconds. */
const STRETCH_BYTES = 256_000
const STRETCH_ENTRIES_MAX = 128
const PAGE = 500

export async function auditProduct(auditing: Auditing, productId: number): Promise<void> {
  const { findings, books } = auditing
  const replay = createReplay(productId, findings)
  await replayJournal(auditing, { productId, replay })
  const sums = await auditOrders(auditing, productId)
  await auditEvents(auditing, productId)
  await checkCounts(auditing, { productId, replay, orders: sums.orders })

  const place = ofProduct(productId)
  const last = replay.state.products.get(productId)
  const row = await books.product(productId)
  if (!last) return findings.blame('C2', place, 'no entry of its journal makes the product')
  if (!row) return findings.blame('C2', place, 'the journal has a product that has no row')
  const { activeUnits } = await books.holdTotals(productId)
  replay.counters.checkLast(last, row, { ...sums, activeUnits })
  const { held, sold, stockTotal } = row
  const terms = difference(row, { ...last, held, sold, stockTotal })
  if (terms !== '') findings.blame('C2', place, `the product's row differs: its ${terms}`)
}

type Replaying = { readonly productId: number; readonly replay: Replay }

async function replayJournal(
  { books, findings, pause }: Auditing,
  { productId, replay }: Replaying,
): Promise<void> {
  const tables = createTables(books, replay, { productId, findings })
  let limit = 1
  let afterSeq = 0
  for (;;) {
    const rows = await books.entries(productId, { afterSeq, limit })
    if (rows.length === 0) break
    const entries: Entry[] = []
    let bytes = 0
    for (const row of rows) {
      const entry = entryOf(row)
      if (entry) entries.push(entry)
      else findings.blame('C2', { productId, seq: row.seq, index: null }, 'it cannot be read')
      bytes += row.body.length
      afterSeq = row.seq
      await pause()
    }
    const loaded = await tables.load(entries)
    for (const entry of entries) {
      replay.take(entry, loaded)
      await pause()
    }
    await tables.settle(replay.endStretch(), loaded)
    limit = nextLimit(limit, { bytes, rows: rows.length })
  }
  await tables.settleAll()
}

/** As many entries as make a stretch, going by the last one; growing slowly, since the next ones may be larger. */
function nextLimit(limit: number, { bytes, rows }: { bytes: number; rows: number }): number {
  const fitting = Math.floor(STRETCH_BYTES / (bytes / rows))
  return Math.max(1, Math.min(fitting, limit * 2, STRETCH_ENTRIES_MAX))
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
  { productId, replay, orders }: Replaying & { orders: number },
): Promise<void> {
  const { made } = replay
  const place = ofProduct(productId)
  const counts = [
    ['C8', 'holds', (await books.holdTotals(productId)).rows, made.holds],
    ['C7', 'orders', orders, made.orders],
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
