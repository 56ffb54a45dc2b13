/** The append-only record: one entry per product and batch, with all that is needed to decide it again. */
import {
  type Change,
  type Given,
  type Hold,
  holdAtBirth,
  noneGiven,
  type Order,
  orderAtBirth,
  type Outcome,
  RULES_VERSION,
} from '@flashlane/core'
import { type GrantedHold, isGranted, readGranted, writeGranted } from './granted-hold.ts'
import type { Json } from './literal.ts'
import {
  isGiven,
  type Numbered,
  type RecordedChange,
  type RecordedCommand,
  type Told,
} from './recorded.ts'
import type { DeadLetterRow, JournalRow } from './schema.ts'

type Fields = Readonly<Record<string, unknown>>

/** As it is written, leaving out what the rest of the entry tells: half the bytes of a sale are here. */
type Written = {
  readonly n: number
  readonly command: Fields
  readonly given?: Given
  /** Without `version` where it is the entry's seq, and without `result` where that is what the command made, at its birth. */
  readonly outcome: Fields
  /** A new entity without what its command says in a field of the same name, and without what is usual; the id only where the command does not name it. */
  readonly changes: readonly WrittenChange[]
}

type WrittenChange = Omit<RecordedChange, 'id'> & { readonly id?: string }

type Head = Told & { readonly productId: number; readonly batchId: string }

export type Entry = Omit<JournalRow, 'body'> & { readonly body: Json }

export const entryOf = (head: Head, commands: readonly Numbered[]): Entry => ({
  product_id: head.productId,
  seq: head.seq,
  batch_id: head.batchId,
  applied_at_ms: head.appliedAtMs,
  rules: RULES_VERSION,
  body: {
    json: JSON.stringify(commands.map((each) => writeGranted(each, head) ?? write(each, head))),
  },
})

/** The commands of an entry, whole again. */
export const parseEntry = ({
  seq,
  applied_at_ms: appliedAtMs,
  body,
}: Pick<JournalRow, 'seq' | 'applied_at_ms' | 'body'>): RecordedCommand[] =>
  (JSON.parse(body) as (Written | GrantedHold)[]).map((each) =>
    isGranted(each) ? readGranted(each, { seq, appliedAtMs }) : read(each, { seq, appliedAtMs }),
  )

function write({ n, decided }: Numbered, told: Told): Written {
  const { command, given, outcome, changes } = decided
  return {
    n,
    command: command.type === 'RecordPayment' ? without(command, 'payload') : command,
    ...(isGiven(given) ? { given } : {}),
    outcome: writeOutcome(outcome, { changes, seq: told.seq }),
    changes: changes.map((change) => writeChange(change, command, told)),
  }
}

function read({ n, command, given, outcome, changes }: Written, told: Told): RecordedCommand {
  const whole = changes.map((change) => readChange(change, command, told))
  return {
    n,
    command: command as RecordedCommand['command'],
    given: given ?? noneGiven(),
    outcome: readOutcome(outcome, { changes: whole, seq: told.seq }),
    changes: whole,
  }
}

function writeOutcome(
  outcome: Outcome,
  { changes, seq }: { changes: readonly Change[]; seq: number },
): Fields {
  const isToldByChange = outcome.outcome === 'accepted' && changes.some(isBirth)
  const told = isToldByChange ? without(outcome, 'result') : outcome
  return outcome.version === seq ? without(told, 'version') : told
}

function without(all: Fields, left: string): Fields {
  const others: Record<string, unknown> = {}
  for (const key in all) if (key !== left) others[key] = all[key]
  return others
}

function readOutcome(
  fields: Fields,
  { changes, seq }: { changes: readonly RecordedChange[]; seq: number },
): Outcome {
  const outcome = { version: seq, ...fields }
  const born = changes.find(isBirth)
  if (fields['outcome'] !== 'accepted' || 'result' in fields || !born) return outcome as Outcome
  const result =
    born.entity === 'hold'
      ? holdAtBirth(born.after as Hold)
      : orderAtBirth(born.after as unknown as Order)
  return { ...outcome, result } as Outcome
}

const isBirth = ({ entity, before }: { entity: Change['entity']; before: unknown }): boolean =>
  before === null && (entity === 'hold' || entity === 'order')

/** What a new entity's fields are where the entry does not say. */
const USUAL: Readonly<Record<Change['entity'], Fields>> = {
  product: {
    image: null,
    saleStartsAtMs: null,
    saleEndsAtMs: null,
    maxPerHold: null,
    maxPerCustomer: null,
    isPaused: false,
  },
  hold: { customerRef: null, extensions: 0, orderId: null, endedAtMs: null, fingerprint: null },
  order: {
    customerRef: null,
    paymentDueAtMs: null,
    endedAtMs: null,
    ownPayment: null,
    fingerprint: null,
  },
  event: {
    orderId: null,
    holdId: null,
    paymentRef: null,
    amount: null,
    currency: null,
    refundId: null,
    result: null,
    appliedAtMs: null,
  },
  refund: { reference: null },
}

/** Fields that an entity takes over from the command that makes it, under the same name. */
const FROM_COMMAND: Readonly<Record<Change['entity'], ReadonlySet<string>>> = {
  product: new Set([
    'productId',
    'name',
    'description',
    'image',
    'price',
    'currency',
    'stockTotal',
    'saleStartsAtMs',
    'saleEndsAtMs',
    'maxPerHold',
    'maxPerCustomer',
    'isPaused',
  ]),
  hold: new Set(['holdId', 'productId', 'quantity', 'ttlMs', 'customerRef', 'fingerprint']),
  order: new Set(['orderId', 'productId', 'holdId', 'customerRef', 'fingerprint']),
  event: new Set(
    `provider eventKey kind orderId holdId paymentRef amount currency refundId releaseOnFailure
      restockOnRefund bodyHash acceptedAtMs`.split(/\s+/),
  ),
  refund: new Set(['productId', 'orderId']),
}

/** The same, with what follows from the command and its entry: a hold or order is nearly always born so. */
function usualOf(entity: Change['entity'], command: Fields, { seq, appliedAtMs }: Told): Fields {
  const born = { createdAtMs: appliedAtMs, bornVersion: seq }
  if (entity === 'order') {
    return { ...USUAL.order, ...born, status: 'pending', bornStatus: 'pending', latePayment: false }
  }
  if (entity !== 'hold') return USUAL[entity]
  const expiresAtMs = appliedAtMs + Number(command['ttlMs'])
  const deadlines = { expiresAtMs, bornExpiresAtMs: expiresAtMs }
  const requestedQuantity = command['quantity']
  return { ...USUAL.hold, ...born, ...deadlines, status: 'active', requestedQuantity }
}

/** By which field of a command an entity is named. */
const NAMED_BY: Partial<Readonly<Record<Change['entity'], string>>> = {
  product: 'productId',
  hold: 'holdId',
  order: 'orderId',
}

const namedIn = (command: Fields, entity: Change['entity']): string =>
  String(command[NAMED_BY[entity] ?? ''])

function writeChange(change: Change, command: Fields, told: Told): WrittenChange {
  const { entity } = change
  const before: Fields | null = change.before
  const after: Fields = change.after
  const usual = before === null ? usualOf(entity, command, told) : {}
  const was: Record<string, unknown> = {}
  const is: Record<string, unknown> = {}
  for (const key in after) {
    const value = after[key]
    if (before === null) {
      const isToldElsewhere = FROM_COMMAND[entity].has(key) && key in command
      if (value !== (isToldElsewhere ? command[key] : usual[key])) is[key] = value
    } else if (before[key] !== value) {
      was[key] = before[key]
      is[key] = value
    }
  }
  const id = idOf(change)
  const named = id === namedIn(command, entity) ? {} : { id }
  return { entity, ...named, before: before && was, after: is }
}

function readChange(change: WrittenChange, command: Fields, told: Told): RecordedChange {
  const whole = { ...change, id: change.id ?? namedIn(command, change.entity) }
  if (change.before !== null) return whole
  const after: Record<string, unknown> = { ...usualOf(change.entity, command, told) }
  for (const key of FROM_COMMAND[change.entity]) if (key in command) after[key] = command[key]
  return { ...whole, after: { ...after, ...change.after } }
}

/** What an applied batch was answered, in the order of its commands; null where neither journal nor dead letters know it. */
export function outcomesOf(
  entries: readonly Pick<JournalRow, 'seq' | 'applied_at_ms' | 'body'>[],
  letters: readonly Pick<DeadLetterRow, 'n'>[],
): readonly Outcome[] | null {
  const found = new Map<number, Outcome>()
  // A command that could not even be journaled was buried, and nothing else is known of it.
  for (const { n } of letters) found.set(n, { outcome: 'error', version: 0 })
  for (const entry of entries) {
    for (const { n, outcome } of parseEntry(entry)) found.set(n, outcome)
  }
  if (found.size === 0) return null
  return [...found].toSorted(([a], [b]) => a - b).map(([, outcome]) => outcome)
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
