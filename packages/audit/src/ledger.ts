/** C7 against the provider's own list of what it captured: one JSON object a line. */
import type { StoredPayment, StoredRefund } from '@flashlane/db'
import { type Findings, NOWHERE, type Place } from './findings.ts'
import { show } from './same.ts'

export type LedgerLine = {
  readonly reference: string
  readonly amount: number
  readonly currency: string
  readonly capturedAt: string | null
}

/** Throws where a line is none of a ledger's: then nothing can be said. */
export function parseLedgerLine(text: string, number: number): LedgerLine {
  const line = parseJson(text)
  const { reference, amount, currency, captured_at: capturedAt } = line ?? {}
  const isRight =
    typeof reference === 'string' && Number.isSafeInteger(amount) && typeof currency === 'string'
  if (!isRight) {
    throw new Error(
      `line ${number} of the ledger is not {reference, amount, currency, captured_at}: ${show(text)}`,
    )
  }
  return {
    reference,
    amount: amount as number,
    currency,
    capturedAt: typeof capturedAt === 'string' ? capturedAt : null,
  }
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown> | null
  } catch {
    return null
  }
}

/** What we know of a captured payment. */
export type Known = {
  readonly payment: StoredPayment | null
  readonly refund: StoredRefund | null
  /** Its event came, and waits for its lane or its order. */
  readonly isUndecided: boolean
}

/** What the provider captured is known here, for the same sum. */
export function checkCaptured(findings: Findings, line: LedgerLine, known: Known): void {
  findings.look('C7', 'captured in the ledger')
  const { payment, refund, isUndecided } = known
  const what = `the provider captured ${line.reference} (${line.amount} ${line.currency})`
  // Both may be: the money of a payment that named another order goes back under the same reference.
  const counted = [payment?.status === 'named' ? null : payment, refund].filter((each) => !!each)
  if (counted.length === 0) {
    if (!isUndecided) findings.blame('C7', NOWHERE, `${what}, and it is neither sold nor refunded`)
    return
  }
  // An event need not tell the sum: an orphan's refund may not have it.
  const isRight = counted.some(
    ({ amount, currency }) =>
      (amount ?? line.amount) === line.amount && (currency ?? line.currency) === line.currency,
  )
  if (isRight) return
  const sums = counted.map(({ amount, currency }) => `${amount} ${currency}`).join(' and ')
  findings.blame('C7', NOWHERE, `${what}, and here it is ${sums}`)
}

/** What is sold here was captured there. */
export function checkSold(
  findings: Findings,
  reference: string,
  { orderId, place, isCaptured }: { orderId: string; place: Place; isCaptured: boolean },
): void {
  if (isCaptured) return
  const what = `the order ${orderId} is sold for the payment ${reference}`
  findings.blame('C7', place, `${what}, which the provider never captured`)
}
