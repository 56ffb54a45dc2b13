/** G2 and G3: what was answered is in the journal, once and for good, in an order that its clients could have seen. */
import { eventId } from '@flashlane/core'
import type { History } from '../history.ts'
import type { Stage } from '../stage.ts'
import { bare, type Journal } from './journal.ts'

type Checking = {
  readonly stage: Stage
  readonly history: History
  readonly journal: Journal
  blame(sentence: string): void
}

export function checkAnswers({ stage, history, journal, blame }: Checking): void {
  for (const { command, outcomes } of history.operations) {
    const place = journal.places.get(command.commandId)
    for (const outcome of outcomes) {
      if (outcome.outcome === 'error') blame(`${command.commandId} was answered with an error (G2)`)
      else if (!place) blame(`${command.commandId} was answered, and the journal has it not (G2)`)
      else if (bare(outcome) !== bare(place.outcome)) {
        blame(`${command.commandId} was answered ${bare(outcome)}, journal ${bare(place.outcome)}`)
      }
    }
  }
  const sent = new Set(history.operations.map(({ command }) => command.commandId))
  for (const { command } of journal.recorded) {
    if (['ExpireDue', 'RecordPayment', 'CreateProduct'].includes(command.type)) continue
    if (!sent.has(command.commandId)) blame(`${command.commandId} was never sent (G2)`)
  }
  for (const { command } of journal.recorded) {
    if (command.type !== 'RecordPayment') continue
    const row = stage.mysql.tables.events.rows.get(eventId(command))
    if (!row) blame(`${command.eventKey} was applied and has no row (G4)`)
  }
  for (const { batch_id: id, n, reason } of stage.mysql.tables.letters.rows.values()) {
    blame(`command ${n} of ${id} was buried: ${reason}`)
  }
}

/**
 * Places are given: an operation that ended before another one started stands before it. So does one that was told 202:
 * it was in the lane, as long as Redis lost nothing.
 */
export function checkOrder({ stage, history, journal, blame }: Checking): void {
  const isKept = stage.redis.losses.length === 0
  for (const productId of stage.productIds) {
    const placed = history.operations.flatMap((operation) => {
      const place = journal.places.get(operation.command.commandId)
      return place?.productId === productId ? [{ operation, place }] : []
    })
    placed.sort((a, b) => a.place.seq - b.place.seq || a.place.n - b.place.n)
    let latest = { startMs: Number.NEGATIVE_INFINITY, id: '' }
    for (const { operation } of placed) {
      const { startMs, command } = operation
      const endMs = isKept ? operation.ackMs : operation.endMs
      if (endMs !== null && endMs < latest.startMs) {
        blame(`${command.commandId} ended before ${latest.id} began, and stands behind it (G3)`)
      }
      if (startMs > latest.startMs) latest = { startMs, id: command.commandId }
    }
  }
}

/** An entry's time was read under the lock: after the commit of the entry before, or in the same transaction, at the same time. */
export function checkTimes({ stage, journal, blame }: Checking): void {
  const { committedMs } = stage.arrivals
  const appliedMs = new Map(
    journal.recorded.map((entry) => [`${entry.productId} ${entry.seq}`, entry.appliedAtMs]),
  )
  for (const { productId, seq, appliedAtMs } of journal.recorded) {
    const before = `${productId} ${seq - 1}`
    const beforeMs = committedMs.get(before)
    if (beforeMs === undefined || beforeMs <= appliedAtMs) continue
    const isTogether = committedMs.get(`${productId} ${seq}`) === beforeMs
    if (isTogether && appliedMs.get(before) === appliedAtMs) continue
    blame(
      `entry ${seq} of product ${productId} tells ${appliedAtMs}, and the one before was committed ${beforeMs - appliedAtMs} ms later`,
    )
  }
}

export function checkPayments({ stage, history, blame }: Checking): void {
  const owners = new Map<string, string>()
  for (const { orderId, payments } of stage.mysql.tables.orders.rows.values()) {
    for (const { reference } of payments) {
      if (reference === null) continue
      const owner = owners.get(reference)
      if (owner) blame(`the payment ${reference} belongs to ${owner} and ${orderId} (G4)`)
      owners.set(reference, orderId)
    }
  }
  for (const key of history.acknowledged) {
    if (!stage.mysql.tables.events.rows.has(key)) blame(`${key} was acknowledged and is lost (G4)`)
  }
}
