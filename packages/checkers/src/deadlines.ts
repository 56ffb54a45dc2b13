/** C8, the half that needs the clients: an order or a payment that was accepted in time is never beaten by the timer. */
import type { Place } from '@flashlane/audit'
import type { RecordedChange, RecordedCommand } from '@flashlane/db'
import type { Walker } from './journal.ts'
import type { RunFindings } from './run.ts'
import { isOfInbox, nameOf, type Sent } from './sent.ts'

type Order = { readonly status: unknown; readonly dueAtMs: unknown }

/**
 * Only what was answered with its outcome counts as accepted: a command that reached its lane too late is answered 503,
 * and may be applied all the same.
 */
export function createDeadlines(
  findings: RunFindings,
  sent: Sent,
  { lostRedis }: { lostRedis: boolean },
): Walker {
  const holds = new Map<string, unknown>()
  const orders = new Map<string, Order>()

  function checkOrder(place: Place, { command, outcome }: RecordedCommand, appliedAtMs: number) {
    if (command.type !== 'PlaceOrder' || outcome.replayed) return
    const deadlineMs = holds.get(command.holdId)
    if (typeof deadlineMs !== 'number') return
    findings.look('C8', 'orders held against the deadline of their hold')
    // Late is what was accepted late.
    const earlyMs = deadlineMs - Math.min(command.acceptedAtMs, appliedAtMs)
    if (outcome.outcome === 'accepted' && earlyMs <= 0) {
      const late = `${-earlyMs} ms after the deadline of its hold`
      findings.blame('C8', place, `the order ${command.orderId} is taken, accepted ${late}`)
    }
    if (outcome.outcome !== 'refused' || outcome.reason !== 'hold_expired') return
    const attempt = sent.attempt(command.requestId)
    if (lostRedis || earlyMs <= 0 || attempt?.kind !== 'ok') return
    const early = `${earlyMs} ms before the deadline of its hold, which had expired`
    findings.blame('C8', place, `${nameOf(attempt)} was accepted ${early}`)
  }

  function checkPayment(place: Place, { command, outcome }: RecordedCommand): void {
    if (command.type !== 'RecordPayment' || command.kind !== 'succeeded') return
    if (outcome.outcome !== 'accepted' || outcome.result.type !== 'payment') return
    const { orderId } = outcome.result
    const order = orders.get(orderId ?? '')
    if (order?.status !== 'expired' || typeof order.dueAtMs !== 'number') return
    findings.look('C8', 'payments of expired orders')
    const earlyMs = order.dueAtMs - command.acceptedAtMs
    const attempt = sent.attempt(command.requestId)
    if (lostRedis || earlyMs <= 0 || attempt?.kind !== 'ok' || isOfInbox(attempt)) return
    const early = `${earlyMs} ms before the deadline of ${orderId}, which had expired`
    findings.blame('C8', place, `${nameOf(attempt)} was accepted ${early}`)
  }

  function follow({ entity, id, after }: RecordedChange): void {
    if (entity === 'hold' && 'expiresAtMs' in after) holds.set(id, after['expiresAtMs'])
    if (entity !== 'order') return
    const { status, paymentDueAtMs: dueAtMs } = { ...asWritten(orders.get(id)), ...after }
    orders.set(id, { status, dueAtMs })
  }

  return {
    take({ productId, seq, appliedAtMs, commands }) {
      for (const [index, recorded] of commands.entries()) {
        const place = { productId, seq, index }
        checkOrder(place, recorded, appliedAtMs)
        checkPayment(place, recorded)
        for (const change of recorded.changes) follow(change)
      }
    },
    end() {},
  }
}

const asWritten = (order: Order | undefined): Readonly<Record<string, unknown>> => ({
  status: order?.status,
  paymentDueAtMs: order?.dueAtMs,
})
