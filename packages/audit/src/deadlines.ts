/** C8: a hold ends once, and nothing is expired before its deadline by the clock that the journal recorded. */
import type { Change, Hold, Order } from '@flashlane/core'
import type { Findings, Place } from './findings.ts'

export function checkEnds(
  findings: Findings,
  changes: readonly Change[],
  { place, appliedAtMs }: { place: Place; appliedAtMs: number },
): void {
  for (const change of changes) {
    if (change.entity === 'hold') checkHold(findings, change, { place, appliedAtMs })
    if (change.entity === 'order') checkOrder(findings, change, { place, appliedAtMs })
  }
}

type At = { readonly place: Place; readonly appliedAtMs: number }
type Moved<Entity> = { readonly before: Entity | null; readonly after: Entity }

function checkHold(findings: Findings, { before, after }: Moved<Hold>, { place, appliedAtMs }: At) {
  const { holdId } = after
  if (before === null) {
    findings.look('C8', 'holds')
    if (after.status !== 'active') {
      findings.blame('C8', place, `the hold ${holdId} begins as ${after.status}`)
    }
    return
  }
  if (after.expiresAtMs < before.expiresAtMs) {
    findings.blame('C8', place, `the deadline of the hold ${holdId} is drawn in`)
  }
  if (before.status === after.status) return
  findings.look('C8', 'ends of holds')
  if (before.status !== 'active') {
    const ends = `is ${after.status} after it was ${before.status}`
    findings.blame('C8', place, `the hold ${holdId} ends twice: it ${ends}`)
  }
  if (after.status === 'expired' && before.expiresAtMs > appliedAtMs) {
    const early = before.expiresAtMs - appliedAtMs
    findings.blame('C8', place, `the hold ${holdId} expires ${early} ms before its deadline`)
  }
}

function checkOrder(
  findings: Findings,
  { before, after }: Moved<Order>,
  { place, appliedAtMs }: At,
) {
  if (after.status !== 'expired' || before?.status === 'expired') return
  findings.look('C8', 'expired orders')
  const dueAtMs = after.paymentDueAtMs ?? Infinity
  if (dueAtMs > appliedAtMs) {
    const early = dueAtMs - appliedAtMs
    findings.blame(
      'C8',
      place,
      `the order ${after.orderId} expires ${early} ms before its deadline`,
    )
  }
}
