/** What the payment provider knows to be true, whoever it has told: each payment that it captured, by reference. */
import type { LedgerLine } from '@flashlane/audit'

export type { LedgerLine }
export type Ledger = ReadonlyMap<string, LedgerLine>

/** As `npm run audit -- --ledger` reads it. */
export const formatLedgerLine = ({ reference, amount, currency, capturedAt }: LedgerLine): string =>
  JSON.stringify({ reference, amount, currency, captured_at: capturedAt })
