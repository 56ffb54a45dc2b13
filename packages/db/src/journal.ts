/** The append-only record: one entry per product and batch, with all that is needed to decide it again. */
import {
  type Change,
  type Command,
  type Decided,
  type Given,
  type Outcome,
  RULES_VERSION,
} from '@flashlane/core'
import type { DeadLetterRow, JournalRow } from './schema.ts'

/** Of an entity that was there before, `before` and `after` have only what differs; of a new one, `after` is all of it. */
export type RecordedChange = {
  readonly entity: Change['entity']
  readonly id: string
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>>
}

export type RecordedCommand = {
  /** Its index in the batch; its place is (seq, index in the entry). */
  readonly n: number
  readonly command: Command | Omit<Command, 'payload'>
  readonly given?: Given
  readonly outcome: Outcome
  readonly changes: readonly RecordedChange[]
}

export type Numbered = { readonly n: number; readonly decided: Decided }

type Head = {
  readonly productId: number
  readonly seq: number
  readonly batchId: string
  readonly appliedAtMs: number
}

export function entryOf(head: Head, commands: readonly Numbered[]): JournalRow {
  return {
    product_id: head.productId,
    seq: head.seq,
    batch_id: head.batchId,
    applied_at_ms: head.appliedAtMs,
    rules: RULES_VERSION,
    body: JSON.stringify(commands.map(recorded)),
  }
}

export const parseEntry = (body: string): readonly RecordedCommand[] =>
  JSON.parse(body) as RecordedCommand[]

/** What an applied batch was answered, in the order of its commands; null where neither journal nor dead letters know it. */
export function outcomesOf(
  entries: readonly Pick<JournalRow, 'body'>[],
  letters: readonly Pick<DeadLetterRow, 'n'>[],
): readonly Outcome[] | null {
  const found = new Map<number, Outcome>()
  // A command that could not even be journaled was buried, and nothing else is known of it.
  for (const { n } of letters) found.set(n, { outcome: 'error', version: 0 })
  for (const { body } of entries) {
    for (const { n, outcome } of parseEntry(body)) found.set(n, outcome)
  }
  if (found.size === 0) return null
  return [...found].toSorted(([a], [b]) => a - b).map(([, outcome]) => outcome)
}

function recorded({ n, decided }: Numbered): RecordedCommand {
  const { command, given, outcome, changes } = decided
  const isGiven = given.events.length > 0 || given.expiredIds.length > 0
  return {
    n,
    command: command.type === 'RecordPayment' ? withoutPayload(command) : command,
    ...(isGiven ? { given } : {}),
    outcome,
    changes: changes.map(difference),
  }
}

function withoutPayload(command: Command & { payload: string }): Omit<Command, 'payload'> {
  const { payload: _kept, ...rest } = command
  return rest
}

function difference({ entity, before, after }: Change): RecordedChange {
  const id = idOf({ entity, after } as Change)
  if (before === null) return { entity, id, before, after }
  const was: Record<string, unknown> = {}
  const is: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(after)) {
    const earlier = (before as Readonly<Record<string, unknown>>)[key]
    if (earlier === value) continue
    was[key] = earlier
    is[key] = value
  }
  return { entity, id, before: was, after: is }
}

function idOf(change: Change): string {
  switch (change.entity) {
    case 'product':
      return String(change.after.productId)
    case 'hold':
      return change.after.holdId
    case 'order':
      return change.after.orderId
    case 'event':
      return `${change.after.provider} ${change.after.eventKey}`
    case 'refund':
      return change.after.refundId
  }
}
