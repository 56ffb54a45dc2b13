/** The sweeper's part of the database: payment events that wait for their lane, or for an order that never comes. */
import { eventId, parseId, type PaymentEvent, type PaymentResult } from '@flashlane/core'
import { orphanRefundId, type Unclaimed, type WaitingEvent } from '@flashlane/db'
import type { Process } from '../process.ts'
import type { MysqlServer } from './server.ts'
import type { Session } from './session.ts'
import type { EventRow, Tables } from './tables.ts'

const TRY_AGAIN_MS_MIN = 1_000
const TRY_AGAIN_MS_MAX = 60_000
const IN_LANE_MS_MIN = 10_000

type Key = Pick<PaymentEvent, 'provider' | 'eventKey'>

export function makeWaitingEvents(mysql: MysqlServer, process: Process) {
  const { tables } = mysql

  return {
    takeWaitingEvents: ({ nowMs, limit }: { nowMs: number; limit: number }) =>
      mysql.ask(process, 'take waiting events', async (session) => {
        const due = session
          .all(tables.events)
          .filter(({ event, nextTryAtMs }) => event.state === 'waiting' && nextTryAtMs <= nowMs)
          .toSorted((a, b) => a.nextTryAtMs - b.nextTryAtMs)
        const free = due.filter(({ event }) => session.isFree(tables.events, eventId(event)))
        const taken: WaitingEvent[] = []
        for (const row of free.slice(0, limit)) taken.push(await take(session, row, nowMs))
        return taken
      }),

    parkedBefore: ({ beforeMs, limit }: { beforeMs: number; limit: number }) =>
      mysql.ask(process, 'parked', (session) =>
        session
          .all(tables.events)
          .filter(({ event }) => event.state === 'parked' && event.acceptedAtMs <= beforeMs)
          .slice(0, limit)
          .map(({ event: { provider, eventKey } }): Key => ({ provider, eventKey })),
      ),

    endUnclaimed: (
      key: Key,
      { beforeMs, nowMs }: { beforeMs: number; nowMs: number },
    ): Promise<Unclaimed | null> =>
      mysql.ask(process, `end ${key.eventKey}`, async (session) => {
        await session.lock(tables.events, eventId(key))
        const row = session.get(tables.events, eventId(key))
        if (!row || row.event.state === 'done') return null
        await session.rest()
        const isOver = row.event.acceptedAtMs <= beforeMs
        const result = await resultOf({ session, tables }, row.event, { isOver, nowMs })
        if (!result) return null
        const event = { ...row.event, state: 'done' as const, result, appliedAtMs: nowMs }
        await session.update(tables.events, eventId(key), { ...row, event })
        return { event: row.event, result }
      }),
  }

  async function take(session: Session, row: EventRow, nowMs: number): Promise<WaitingEvent> {
    await session.lock(tables.events, eventId(row.event))
    const waiting = route(session, row.event)
    const leastMs = waiting.productId === null ? TRY_AGAIN_MS_MIN : IN_LANE_MS_MIN
    const pauseMs = Math.max(leastMs, TRY_AGAIN_MS_MIN * 2 ** Math.min(row.tries, 10))
    await session.update(tables.events, eventId(row.event), {
      ...row,
      tries: row.tries + 1,
      nextTryAtMs: nowMs + Math.min(pauseMs, TRY_AGAIN_MS_MAX),
    })
    return waiting
  }

  /** An id of ours leads to its product; a payment reference to that of the order which owns it. */
  function route(session: Session, event: PaymentEvent): WaitingEvent {
    const named = parseId(event.orderId ?? event.holdId ?? '')?.productId ?? null
    if (named !== null) {
      const isThere = session.get(tables.products, String(named)) !== undefined
      return { event, orderId: event.orderId, productId: isThere ? named : null }
    }
    const owner = session.get(tables.ordersOfReferences, event.paymentRef ?? '') ?? null
    return { event, orderId: owner, productId: parseId(owner ?? '')?.productId ?? null }
  }
}

type Ending = { readonly session: Session; readonly tables: Tables }

async function resultOf(
  ending: Ending,
  event: PaymentEvent,
  { isOver, nowMs }: { isOver: boolean; nowMs: number },
): Promise<PaymentResult | null> {
  const { session, tables } = ending
  const { paymentRef: reference } = event
  if (event.kind === 'refunded' && (await closeRefund(ending, event))) return 'applied'
  if (!isOver) return null
  if (event.kind !== 'succeeded') return 'ignored'
  if (await isCounted(ending, reference)) return 'payment_mismatch'
  const refundId = orphanRefundId(event)
  if (reference !== null) await session.insert(tables.refundsOfReferences, reference, refundId)
  await session.insert(tables.refunds, refundId, {
    refundId,
    productId: null,
    orderId: null,
    reference,
    amount: event.amount,
    currency: event.currency,
    status: 'due',
    reason: 'orphan_payment',
    createdAtMs: nowMs,
  })
  return 'orphan_payment'
}

async function isCounted({ session, tables }: Ending, reference: string | null): Promise<boolean> {
  if (reference === null) return false
  if (session.get(tables.ordersOfReferences, reference) !== undefined) {
    await session.lock(tables.ordersOfReferences, reference)
  }
  const order = session.get(
    tables.orders,
    session.get(tables.ordersOfReferences, reference) ?? 'none',
  )
  const payment = order?.payments.find((each) => each.reference === reference)
  if (payment && payment.status !== 'named') return true
  return session.get(tables.refundsOfReferences, reference) !== undefined
}

async function closeRefund(
  { session, tables }: Ending,
  { paymentRef: reference, amount, currency }: PaymentEvent,
): Promise<boolean> {
  if (reference === null) return false
  const refundId = session.get(tables.refundsOfReferences, reference)
  const refund = refundId === undefined ? undefined : session.get(tables.refunds, refundId)
  if (!refund || refund.orderId !== null) return false
  if (amount !== null && amount < (refund.amount ?? 0)) return false
  if (amount !== null && (currency ?? refund.currency) !== (refund.currency ?? currency)) {
    return false
  }
  await session.update(tables.refunds, refund.refundId, { ...refund, status: 'done' })
  return true
}
