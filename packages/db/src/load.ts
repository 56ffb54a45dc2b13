/** The rows that a batch's commands name, one query a table, none where there are no ids. */
import { type Command, eventId, know, type Outcome, type State } from '@flashlane/core'
import { type CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { PoolConnection } from 'mysql2'
import { literal } from './literal.ts'
import { namedBy } from './named.ts'
import { send } from './packet.ts'
import { eventOf, hex, holdOf, orderOf, refundOf, toBytes } from './rows.ts'
import type {
  HoldRow,
  OrderRow,
  OutcomeRow,
  PaymentEventRow,
  PaymentRow,
  RefundRow,
} from './schema.ts'
import { compile } from './statements.ts'

/** A query and what to do with its rows. Queries of one list go in one packet; rows are taken in the same order. */
export type Read = {
  readonly query: CompiledQuery
  readonly take: (rows: readonly unknown[]) => void
}

export function takeAll(reads: readonly Read[], rows: readonly (readonly unknown[])[]): void {
  reads.forEach((read, i) => read.take(rows[i] ?? []))
}

export async function sendAndTake(
  connection: PoolConnection,
  reads: readonly Read[],
): Promise<void> {
  if (reads.length === 0) return
  const rows = await send(
    connection,
    reads.map((read) => read.query),
  )
  takeAll(reads, rows)
}

/** Written out: a batch names hundreds, and each as a parameter took longer than its row. */
export const list = (values: readonly (string | Buffer)[]): RawBuilder<unknown> =>
  sql.raw(values.map(literal).join(','))

/** The reads of a batch, into `state`. Events and owners of references are locked: other lanes may touch them too. */
export function readsOf(commands: readonly Command[], state: State): readonly Read[] {
  const named = namedBy(commands)
  return [
    ...readHolds([...named.holds], state),
    ...readOutcomes([...named.outcomes], state),
    ...readEventsByKey(named.eventKeys, state),
    ...readWaitingEvents([...named.waitingFor], state),
    ...readOrdersBy('order_id', [...named.orders], state),
    ...readOrdersBy('hold_id', [...named.holdsOfOrders], state),
    ...readOrdersByReference([...named.paymentsOfOrders], state),
    ...readDueOrders([...named.dueOrders], state),
    ...readOwners([...named.paymentRefs], state),
  ]
}

function readHolds(ids: readonly string[], state: State): Read[] {
  if (ids.length === 0) return []
  const query = compile(sql`select * from holds where hold_id in (${list(ids)})`)
  const take = (rows: readonly unknown[]) => takeHolds(rows as HoldRow[], state)
  return [{ query, take }]
}

export function takeHolds(rows: readonly HoldRow[], state: State): void {
  for (const row of rows) state.holds.set(row.hold_id, holdOf(row))
}

function readOutcomes(ids: readonly string[], state: State): Read[] {
  if (ids.length === 0) return []
  const query = compile(
    sql`select command_id, body, fingerprint from outcomes where command_id in (${list(ids)})`,
  )
  const take = (rows: readonly unknown[]) => {
    for (const row of rows as Pick<OutcomeRow, 'command_id' | 'body' | 'fingerprint'>[]) {
      const fingerprint = row.fingerprint === null ? null : hex(row.fingerprint)
      const outcome = JSON.parse(row.body) as Outcome
      state.outcomes.set(row.command_id, { outcome, fingerprint })
    }
  }
  return [{ query, take }]
}

/** All but the payload, of `payment_events e`. */
export const EVENT_COLUMNS = sql.raw(
  `e.provider, e.event_key, e.state, e.kind, e.reference, e.order_id, e.hold_id, e.payment_ref, e.amount, e.currency,
   e.refund_id, e.release_on_failure, e.restock_on_refund, e.body_hash, e.accepted_at_ms, e.next_try_at_ms, e.tries,
   e.result, e.applied_at_ms`,
)

// The indexes are named: over a small table the optimizer would rather scan, and lock what other lanes hold.
function readEventsByKey(keys: ReadonlyMap<string, ReadonlySet<string>>, state: State): Read[] {
  return [...keys].map(([provider, eventKeys]) => ({
    query: compile(sql`
      select ${EVENT_COLUMNS} from payment_events e force index (primary)
      where provider = ${provider} and event_key in (${list([...eventKeys].map(toBytes))})
      for update`),
    take: (rows) => takeEvents(rows, state),
  }))
}

function readWaitingEvents(references: readonly string[], state: State): Read[] {
  if (references.length === 0) return []
  const query = compile(sql`
    select ${EVENT_COLUMNS} from payment_events e force index (payment_events_reference)
    where reference in (${list(references.map(toBytes))}) and state in ('waiting', 'parked')
    for update`)
  return [{ query, take: (rows) => takeEvents(rows, state) }]
}

function takeEvents(rows: readonly unknown[], state: State): void {
  for (const row of rows as PaymentEventRow[]) {
    const event = eventOf(row)
    state.events.set(eventId(event), event)
  }
}

function readOrdersBy(
  column: 'order_id' | 'hold_id',
  ids: readonly string[],
  state: State,
): Read[] {
  if (ids.length === 0) return []
  if (column === 'order_id') return readOrders(list(ids), state)
  return readOrders(sql`select order_id from orders where hold_id in (${list(ids)})`, state)
}

function readOrdersByReference(references: readonly string[], state: State): Read[] {
  if (references.length === 0) return []
  const owners = sql`select order_id from payments where reference in (${list(references.map(toBytes))})`
  return readOrders(owners, state)
}

/** Orders with their payments and refunds. */
function readOrders(orderIds: RawBuilder<unknown>, state: State): Read[] {
  const payments: PaymentRow[] = []
  const ofOrders = (table: 'orders' | 'payments' | 'refunds') =>
    compile(sql`select * from ${sql.table(table)} where order_id in (${orderIds})`)
  return [
    {
      query: ofOrders('payments'),
      take: (rows) => void payments.push(...(rows as PaymentRow[])),
    },
    {
      query: ofOrders('refunds'),
      take: (rows) => {
        for (const row of rows as RefundRow[]) {
          know(state, { entity: 'refund', after: refundOf(row) })
        }
      },
    },
    {
      query: compile(sql`
        select r.reference, r.refund_id from payments p join refunds r on r.reference = p.reference
        where p.order_id in (${orderIds})`),
      take: (rows) => takeRefunded(rows, state),
    },
    {
      query: ofOrders('orders'),
      take: (rows) => {
        const byOrder = Map.groupBy(payments, (payment) => payment.order_id)
        for (const row of rows as OrderRow[]) {
          know(state, { entity: 'order', after: orderOf(row, byOrder.get(row.order_id) ?? []) })
        }
      },
    },
  ]
}

/** Orders that may expire, with the payment events that wait under any of their names. */
export function readDueOrders(orderIds: readonly string[], state: State): Read[] {
  if (orderIds.length === 0) return []
  const waitingUnder = (names: string) => ({
    query: compile(sql`
      select ${EVENT_COLUMNS} from (${sql.raw(names)} where n.order_id in (${list(orderIds)})) names
      join payment_events e force index (payment_events_reference) on e.reference = names.name
      where e.state in ('waiting', 'parked')
      for update`),
    take: (rows: readonly unknown[]) => takeEvents(rows, state),
  })
  return [
    ...readOrdersBy('order_id', orderIds, state),
    ...readWaitingEvents(orderIds, state),
    waitingUnder('select cast(n.hold_id as binary) as name from orders n'),
    waitingUnder('select n.reference as name from payments n'),
  ]
}

/** Whose a payment reference is, in whichever lane, and whether its money already goes back. */
function readOwners(references: readonly string[], state: State): Read[] {
  if (references.length === 0) return []
  const names = list(references.map(toBytes))
  const owners = compile(
    sql`select reference, order_id, status from payments force index (payments_reference)
      where reference in (${names}) for update`,
  )
  const refunds = compile(
    sql`select reference, refund_id from refunds where reference in (${names})`,
  )
  return [
    {
      query: owners,
      take: (rows) => {
        for (const row of rows as Pick<PaymentRow, 'reference' | 'order_id' | 'status'>[]) {
          const owner = { orderId: row.order_id, status: row.status }
          state.referenceOwners.set(String(row.reference), owner)
        }
      },
    },
    { query: refunds, take: (rows) => takeRefunded(rows, state) },
  ]
}

function takeRefunded(rows: readonly unknown[], state: State): void {
  for (const row of rows as Pick<RefundRow, 'reference' | 'refund_id'>[]) {
    state.refundedReferences.set(String(row.reference), row.refund_id)
  }
}

/**
 * What the loaded rows ask for in their turn: a waiting event is found under one name and may bring a payment reference
 * that no command has named. Seldom anything.
 */
export function readsOfWaiting(state: State): readonly Read[] {
  const references = new Set<string>()
  for (const { state: standing, paymentRef } of state.events.values()) {
    if (standing === 'done' || paymentRef === null) continue
    if (!state.referenceOwners.has(paymentRef)) references.add(paymentRef)
  }
  return readOwners([...references], state)
}
