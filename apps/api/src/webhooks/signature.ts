/** What all signed webhooks have in common: how old an attempt may be, and what one gets that is not signed as it must be. */
import { Fault } from '../problem.ts'

export const TOLERANCE_S = 300

export const badSignature = (detail: string): Fault =>
  new Fault('signature_invalid', detail, {
    headers: { 'www-authenticate': 'Webhook-Signature' },
  })

/** The time of the attempt, not that of the event: a provider tries again for days, and signs each attempt anew. */
export function checkTime(attemptS: string | undefined, nowMs: number): void {
  const nowS = Math.floor(nowMs / 1_000)
  const isTime = attemptS !== undefined && /^\d{1,12}$/.test(attemptS)
  if (!isTime) throw badSignature('the time of the attempt is missing')
  if (Math.abs(nowS - Number(attemptS)) > TOLERANCE_S) {
    throw badSignature(
      `the attempt's time is more than ${TOLERANCE_S} s from ours, which is ${nowS}`,
    )
  }
}

/** Stands in where there is no secret: nothing is believed, and the log tells once why. */
export function refuseAll(setting: string, onRefused: (reason: string) => void): () => never {
  const reason = `${setting} is not set here: nothing can be verified`
  let isTold = false
  return () => {
    if (!isTold) onRefused(reason)
    isTold = true
    throw badSignature(reason)
  }
}
