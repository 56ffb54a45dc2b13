/** What the journal tells of a command: as it is read, and from what it is written. */
import type { Change, Command, Decided, Given, Outcome } from '@flashlane/core'

type Fields = Readonly<Record<string, unknown>>

/** Of an entity that was there before, `before` and `after` have only what differs; of a new one, `after` is all of it. */
export type RecordedChange = {
  readonly entity: Change['entity']
  readonly id: string
  readonly before: Fields | null
  readonly after: Fields
}

export type RecordedCommand = {
  /** Its index in the batch; its place is (seq, index in the entry). */
  readonly n: number
  /** A payment event without its raw body, which stands in `payment_events` only. */
  readonly command: Command | Omit<Extract<Command, { type: 'RecordPayment' }>, 'payload'>
  readonly given: Given
  readonly outcome: Outcome
  readonly changes: readonly RecordedChange[]
}

export type Numbered = { readonly n: number; readonly decided: Decided }

/** Of an entry: what its commands' own record need not tell. */
export type Told = { readonly seq: number; readonly appliedAtMs: number }

export const isGiven = ({ events, expiredIds, owners, refunds }: Given): boolean =>
  events.length > 0 ||
  expiredIds.length > 0 ||
  Object.keys(owners).length > 0 ||
  Object.keys(refunds).length > 0
