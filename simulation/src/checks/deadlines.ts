/** G5: an order or a payment that was accepted before the deadline is not beaten by the timer. */
import {
  CLOCK_ERROR_MS_MAX,
  ENQUEUE_MS_MAX,
  eventId,
  EXPIRY_GRACE_MS,
  type Hold,
  type Order,
  type PaymentEvent,
  REDIS_COMMAND_MS_MAX,
} from '@flashlane/core'
import type { History } from '../history.ts'
import { hearingOf, type Stage } from '../stage.ts'
import type { World } from '../world.ts'
import type { Journal, Recorded } from './journal.ts'

/** What is durable by then was accepted, even where nobody heard of it. */
const ACCEPTED_WITHIN_MS = ENQUEUE_MS_MAX + REDIS_COMMAND_MS_MAX + CLOCK_ERROR_MS_MAX

type Accepted = {
  readonly isTold: boolean
  readonly acceptedAtMs: number
  readonly appliedAtMs: number
}

type Checking = {
  readonly world: World
  readonly stage: Stage
  readonly history: History
  readonly journal: Journal
}

export function checkDeadlines({ world, stage, history, journal }: Checking): void {
  const told = toldIn(history)
  const { inLaneMs, eventsMs, inInboxMs } = stage.arrivals
  const holds = new Map<string, Hold>()
  const orders = new Map<string, Order>()
  /** The references of orders that expired, as they were known then. */
  const knownAtEnd = new Map<string, ReadonlySet<string | null>>()

  /** Whether the promise stood: its client was told so, or it was durable in time; and Redis kept it. */
  function isPromised(
    arrivedMs: number | undefined,
    { isTold, acceptedAtMs, appliedAtMs }: Accepted,
  ): boolean {
    if (!isTold && !isInTime(arrivedMs, acceptedAtMs)) return false
    const startMs = world.databaseMs() - world.schedule.nowMs()
    return !stage.redis.losses.some((ms) => {
      const lostMs = startMs + ms
      return lostMs > acceptedAtMs && lostMs <= appliedAtMs
    })
  }

  function checkOrder({ command, outcome, appliedAtMs }: Recorded): void {
    if (command.type !== 'PlaceOrder' || outcome.outcome !== 'refused') return
    const hold = holds.get(command.holdId)
    if (outcome.reason !== 'hold_expired' || outcome.replayed || !hold) return
    const { acceptedAtMs, commandId } = command
    if (acceptedAtMs >= hold.expiresAtMs) return
    const isTold = told.has(`${commandId} ${acceptedAtMs}`)
    if (!isPromised(inLaneMs.get(commandId), { isTold, acceptedAtMs, appliedAtMs })) return
    const early = hold.expiresAtMs - acceptedAtMs
    world.blame(
      `the order ${commandId} came ${early} ms before its hold's end, and is refused (G5)`,
    )
  }

  /** Events that are heard now, and the order as it stood before. */
  function checkMoney({ command, given, changes, appliedAtMs }: Recorded): void {
    const heard: PaymentEvent[] = [...given.events]
    const isHeard =
      command.type === 'RecordPayment' && heard.some((each) => eventId(each) === eventId(command))
    const own = command.type === 'RecordPayment' && !isHeard ? [command] : []
    for (const { entity, id, before, after } of changes) {
      if (entity !== 'order' || before?.['status'] !== 'expired') continue
      if (after['status'] !== 'paid' && after['status'] !== 'refund_due') continue
      const dueMs = orders.get(id)?.paymentDueAtMs ?? 0
      for (const event of [...heard, ...own]) {
        if (event.kind !== 'succeeded' || event.acceptedAtMs >= dueMs) continue
        // When the order expired, nobody could know whose a reference was that nothing had named.
        const isNamed = (event.orderId ?? event.holdId) !== null
        const isKnown = knownAtEnd.get(id)?.has(event.paymentRef) ?? false
        if (!isNamed && !isKnown) continue
        const { acceptedAtMs } = event
        const heardAs = hearingOf(event)
        // Told 2xx it may be by a process that stood still between hearing it and keeping it: then it came late.
        const accepted = { isTold: false, acceptedAtMs, appliedAtMs }
        // Who expires an order looks into the inbox first, whatever became of Redis.
        const isKept = isInTime(inInboxMs.get(heardAs), acceptedAtMs)
        if (!isKept && !isPromised(eventsMs.get(heardAs), accepted)) continue
        world.blame(
          `${event.eventKey} came ${dueMs - event.acceptedAtMs} ms before ${id} was due, which had expired (G5)`,
        )
      }
    }
  }

  for (const each of journal.recorded) {
    checkOrder(each)
    checkMoney(each)
    for (const { entity, id, before, after } of each.changes) {
      // What changes and was never made has no deadline; the replay tells of it.
      if (before !== null && !holds.has(id) && !orders.has(id)) continue
      if (entity === 'hold') {
        const hold = { ...holds.get(id), ...after } as Hold
        holds.set(id, hold)
        if (before !== null && hold.status === 'expired') checkGrace(each, hold.expiresAtMs, id)
      }
      if (entity === 'order') {
        const known = orders.get(id)?.payments ?? []
        const order = { ...orders.get(id), ...after } as Order
        orders.set(id, order)
        if (after['status'] !== 'expired') continue
        // Without what the very command that expired it heard: a refund in the inbox may be the first to name a reference.
        knownAtEnd.set(id, new Set(known.map(({ reference }) => reference)))
        checkGrace(each, order.paymentDueAtMs ?? 0, id)
      }
    }
  }

  function checkGrace({ appliedAtMs }: Recorded, deadlineMs: number, id: string): void {
    if (appliedAtMs >= deadlineMs + EXPIRY_GRACE_MS) return
    world.blame(`${id} expired ${deadlineMs + EXPIRY_GRACE_MS - appliedAtMs} ms too early (G5)`)
  }
}

const isInTime = (arrivedMs: number | undefined, acceptedAtMs: number): boolean =>
  arrivedMs !== undefined && arrivedMs <= acceptedAtMs + ACCEPTED_WITHIN_MS

/** Commands whose client was told an outcome or 202, with the acceptance that it was told of. */
function toldIn({ operations }: History): ReadonlySet<string> {
  const told = new Set<string>()
  for (const operation of operations) {
    for (const { kind, acceptedAtMs } of operation.told) {
      const isAccepted = kind === 'applied' || kind === 'queued'
      if (isAccepted) told.add(`${operation.command.commandId} ${acceptedAtMs}`)
    }
  }
  return told
}
