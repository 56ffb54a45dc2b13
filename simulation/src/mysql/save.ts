/** What `packages/db` writes of a batch: new rows inserted, known ones updated, all at once or not at all. */
import {
  type Change,
  type Decided,
  eventId,
  netChanges,
  type Order,
  type Product,
} from '@flashlane/core'
import { outcomeRowsOf } from '@flashlane/db'
import type { Mutation } from '../mutations.ts'
import type { Session } from './session.ts'
import type { Tables } from './tables.ts'

const PUT_OFF_MS = 24 * 3_600_000

export type Saving = {
  readonly session: Session
  readonly tables: Tables
  readonly mutation: Mutation | null
}

export async function save(saving: Saving, decided: readonly Decided[]): Promise<void> {
  const { session, tables } = saving
  for (const change of netChanges(decided)) await saveChange(saving, change)
  for (const row of outcomeRowsOf(decided)) {
    const found = decided.find(({ command }) => command.commandId === row.command_id)
    if (!found) continue
    const { command, outcome } = found
    await session.insert(tables.outcomes, row.command_id, {
      outcome,
      fingerprint: command.fingerprint ?? null,
    })
  }
  await putOffFailed(saving, decided)
}

async function saveChange({ session, tables, mutation }: Saving, change: Change): Promise<void> {
  switch (change.entity) {
    // Its counters are saved with every batch.
    case 'product':
      return
    case 'hold': {
      const { holdId, status, quantity } = change.after
      session.check(
        quantity > 0 && (status === 'ordered') === (change.after.orderId !== null),
        holdId,
      )
      return put(session, tables.holds, { id: holdId, ...change })
    }
    case 'order': {
      const { after, before } = change
      if (before === null) await session.insert(tables.ordersOfHolds, after.holdId, after.orderId)
      await savePayments({ session, tables, mutation }, { after, before })
      return put(session, tables.orders, { id: after.orderId, before, after })
    }
    case 'refund': {
      const { reference, refundId } = change.after
      if (change.before === null && reference !== null) {
        await session.insert(tables.refundsOfReferences, reference, refundId)
      }
      return put(session, tables.refunds, { id: refundId, ...change })
    }
    case 'event': {
      const { after } = change
      const key = eventId(after)
      const known = session.get(tables.events, key)
      const row = known
        ? { ...known, event: after }
        : { event: after, nextTryAtMs: after.acceptedAtMs, tries: 0 }
      return put(session, tables.events, { id: key, before: change.before, after: row })
    }
  }
}

type Put<Row> = { readonly id: string; readonly before: unknown; readonly after: Row }

const put = <Row>(
  session: Session,
  table: Parameters<typeof session.insert<Row>>[0],
  { id, before, after }: Put<Row>,
): Promise<void> =>
  before === null ? session.insert(table, id, after) : session.update(table, id, after)

/** A reference that an order did not have before is claimed: it may be nobody else's. */
async function savePayments(
  { session, tables, mutation }: Saving,
  { before, after }: { before: Order | null; after: Order },
): Promise<void> {
  for (const [n, { reference }] of after.payments.entries()) {
    if (reference === null || before?.payments[n]?.reference === reference) continue
    if (mutation === 'no-unique-reference') {
      session.write(tables.ordersOfReferences, reference, after.orderId)
    } else await session.insert(tables.ordersOfReferences, reference, after.orderId)
  }
}

export async function saveProducts(
  { session, tables }: Saving,
  products: Iterable<Product>,
): Promise<void> {
  for (const product of products) {
    const { held, sold, stockTotal, productId } = product
    session.check(held >= 0 && sold >= 0 && held + sold <= stockTotal, 'products_never_oversold')
    session.write(tables.products, String(productId), product)
  }
}

export async function putOffFailed(
  { session, tables }: Omit<Saving, 'mutation'>,
  decided: readonly Decided[],
): Promise<void> {
  for (const { command, outcome, appliedAtMs } of decided) {
    if (command.type !== 'RecordPayment' || outcome.outcome !== 'error') continue
    const row = session.get(tables.events, eventId(command))
    if (row?.event.state !== 'waiting') continue
    const later = { ...row, nextTryAtMs: appliedAtMs + PUT_OFF_MS }
    await session.update(tables.events, eventId(command), later)
  }
}
