/** C2, replay: folds a product's journal from its start or a checkpoint, and decides every entry of these rules again. */
import {
  type Change,
  type Command,
  customerKey,
  decide,
  type Decision,
  emptyState,
  eventId,
  evolve,
  isStored,
  type Outcome,
  type PaymentEvent,
  RULES_VERSION,
  type State,
} from '@flashlane/core'
import type { Checkpoint, RecordedChange, RecordedCommand } from '@flashlane/db'
import { createCounters } from './counters.ts'
import { checkEnds } from './deadlines.ts'
import { type Entry, repeatOf } from './entry.ts'
import type { Findings, Place } from './findings.ts'
import { namesPruned } from './pruned.ts'
import { difference, isSame, show } from './same.ts'

type Of<Entity extends Change['entity']> = Extract<Change, { entity: Entity }>

/** What a stretch of the journal did, to be held against the tables. */
export type Stretch = {
  readonly holds: Set<string>
  readonly orders: Set<string>
  readonly events: Map<string, { readonly change: Of<'event'>; readonly place: Place }>
  readonly outcomes: Map<string, { readonly outcome: Outcome; readonly place: Place }>
}

export type Replay = ReturnType<typeof createReplay>

type Beginning = { readonly findings: Findings; readonly checkpoint: Checkpoint | null }

/** `state` has what is not as it will end, and whatever else was loaded for the entries that are next. */
export function createReplay(productId: number, { findings, checkpoint }: Beginning) {
  const state = emptyState()
  if (checkpoint) state.products.set(productId, checkpoint.product)
  const counters = createCounters(findings, { kept: checkpoint?.kept ?? 0 })
  /** Holds are counted from the checkpoint: older rows may be gone. */
  const made = { holds: 0, orders: 0, payments: 0, refunds: 0, ...checkpoint?.made }
  let stretch = newStretch()
  let seq = checkpoint?.seq ?? 0
  let appliedAtMs = checkpoint?.appliedAtMs ?? 0

  function take(entry: Entry, rows: { readonly events: ReadonlyMap<string, PaymentEvent> }): void {
    const at: Place = { productId, seq: entry.seq, index: null }
    findings.look('C2', 'entries')
    if (entry.seq !== seq + 1) {
      const gap = seq === 0 ? 'the journal begins' : `after seq ${seq} the journal goes on`
      findings.blame('C2', at, `${gap} with seq ${entry.seq}: entries are missing`)
    }
    if (entry.appliedAtMs < appliedAtMs) {
      findings.blame('C2', at, `its time is ${appliedAtMs - entry.appliedAtMs} ms before the last`)
    }
    seq = entry.seq
    appliedAtMs = entry.appliedAtMs
    const product = state.products.get(productId)
    if (product) state.products.set(productId, { ...product, version: seq, appliedAtMs })
    let last = -1
    for (const recorded of entry.commands) {
      const place = { ...at, index: recorded.n }
      if (recorded.n <= last) findings.blame('C2', place, 'its index does not go on')
      last = recorded.n
      takeCommand(entry, recorded, { place, rows })
    }
  }

  function takeCommand(
    { rules }: Entry,
    recorded: RecordedCommand,
    { place, rows }: { place: Place; rows: { events: ReadonlyMap<string, PaymentEvent> } },
  ): void {
    const command = wholeOf(recorded)
    const { outcome } = recorded
    giveEvents(state, recorded, rows.events)
    const changes = foldAll(state, recorded.changes, { findings, place })
    if (outcome.outcome === 'error') {
      findings.look('C2', 'commands that failed')
      if (recorded.changes.length > 0) findings.blame('C2', place, 'it failed and changed things')
    } else if (rules === RULES_VERSION) {
      decideAgain(command, recorded, { place, changes })
    } else findings.look('C2', 'commands of other rules, only folded')
    const before = state.products.get(productId) ?? null
    counters.check(changes, place, before)
    checkEnds(findings, changes, { place, appliedAtMs })
    evolve(state, changes)
    state.events.clear()
    note(changes, place)
    if (!isStored(command, outcome)) return
    // A repeat that failed leaves the first outcome as it is.
    if (outcome.outcome !== 'error' || !state.outcomes.has(command.commandId)) {
      state.outcomes.set(command.commandId, { outcome, fingerprint: command.fingerprint ?? null })
    }
    stretch.outcomes.set(command.commandId, { outcome, place })
  }

  function decideAgain(
    command: Command,
    { outcome, given }: RecordedCommand,
    { place, changes }: { place: Place; changes: readonly Change[] },
  ): void {
    const decision = decideOn(state, command, { given, appliedAtMs })
    const isPruned = checkpoint !== null && changes.length === 0
    if (isPruned && namesPruned({ command, outcome, decision }, { state, checkpoint })) {
      return findings.look('C2', 'commands that name what was pruned, only folded')
    }
    findings.look('C2', 'commands decided again')
    if (decision instanceof Error) {
      return findings.blame('C2', place, `${command.type} cannot be decided again: ${decision}`)
    }
    if (!isSame(decision.outcome, outcome)) {
      const differs = difference(outcome, decision.outcome)
      findings.blame('C2', place, `${command.type} is decided otherwise: its outcome's ${differs}`)
    }
    const recorded = changes.map(afterOf)
    const decided = decision.changes.map(afterOf)
    if (!isSame(recorded, decided)) {
      const at = decided.findIndex((change, n) => !isSame(change, recorded[n]))
      const should = show(decided[Math.max(0, at)] ?? 'nothing')
      const sentence = `${command.type} changed other things than it should have: ${should}`
      findings.blame('C2', place, sentence)
    }
  }

  function note(changes: readonly Change[], place: Place): void {
    for (const change of changes) {
      if (change.entity === 'hold') {
        stretch.holds.add(change.after.holdId)
        if (change.before === null) made.holds++
      }
      if (change.entity === 'order') {
        stretch.orders.add(change.after.orderId)
        if (change.before === null) made.orders++
        made.payments += change.after.payments.length - (change.before?.payments.length ?? 0)
      }
      if (change.entity === 'refund') {
        stretch.orders.add(change.after.orderId)
        if (change.before === null) made.refunds++
      }
      if (change.entity === 'event') {
        stretch.events.set(eventId(change.after), { change, place })
        if (change.before?.state === 'done') {
          findings.blame('C7', place, `the event ${change.after.eventKey} has its effect twice`)
        }
      }
    }
  }

  return {
    state,
    counters,
    made: made as Readonly<typeof made>,
    take,
    seq: () => seq,
    /** Where it stands; null before the product is made. */
    standing(): Checkpoint | null {
      const product = state.products.get(productId)
      const { holds: _pruned, ...counted } = made
      return product
        ? { productId, seq, appliedAtMs, product, made: counted, kept: counters.kept() }
        : null
    },
    /** What was done since this was last asked. */
    endStretch(): Stretch {
      const ended = stretch
      stretch = newStretch()
      return ended
    },
  }
}

const newStretch = (): Stretch => ({
  holds: new Set(),
  orders: new Set(),
  events: new Map(),
  outcomes: new Map(),
})

/** The raw body of an event is in its row only, and no rule looks at it. */
const wholeOf = ({ command }: RecordedCommand): Command =>
  command.type === 'RecordPayment' ? { ...command, payload: '' } : command

/** The events that this command saw: those it was given, and one that it repeats. */
function giveEvents(
  state: State,
  recorded: RecordedCommand,
  rows: ReadonlyMap<string, PaymentEvent>,
): void {
  state.events.clear()
  for (const event of recorded.given.events) state.events.set(eventId(event), event)
  const repeat = repeatOf(recorded)
  if (!repeat || recorded.command.type !== 'RecordPayment') return
  const id = eventId(recorded.command)
  const row = rows.get(id)
  // Which order it led to may have changed since: what it was answered tells which one that was then.
  if (row) state.events.set(id, { ...row, state: 'done', orderId: repeat.orderId })
}

type Deciding = Pick<RecordedCommand, 'given'> & { readonly appliedAtMs: number }

/** With what the journal says was given from elsewhere, and only for this decision. */
function decideOn(
  state: State,
  command: Command,
  { given, appliedAtMs }: Deciding,
): Decision | Error {
  const owners = Object.entries(given.owners).filter(([name]) => !state.referenceOwners.has(name))
  const refunds = Object.entries(given.refunds).filter(
    ([name]) => !state.refundedReferences.has(name),
  )
  for (const [name, owner] of owners) state.referenceOwners.set(name, owner)
  for (const [name, refundId] of refunds) state.refundedReferences.set(name, refundId)
  state.due.set(command.productId, given.expiredIds)
  try {
    return decide(command, state, appliedAtMs)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    for (const [name] of owners) state.referenceOwners.delete(name)
    for (const [name] of refunds) state.refundedReferences.delete(name)
  }
}

const afterOf = ({ entity, after }: Change): object => ({ entity, after })

type Blaming = { readonly findings: Findings; readonly place: Place }

/** Recorded changes as whole ones, over what they say was there before. */
function foldAll(
  state: State,
  recorded: readonly RecordedChange[],
  { findings, place }: Blaming,
): readonly Change[] {
  return recorded.flatMap((change) => {
    const { entity, id, before, after } = change
    const current = find(state, change)
    if (before === null) {
      if (current) findings.blame('C2', place, `the ${entity} ${id} is made a second time`)
      return [{ entity, before: null, after } as unknown as Change]
    }
    if (!current) {
      findings.blame('C2', place, `the ${entity} ${id}, which it changes, is not there`)
      return []
    }
    const was = new Map<string, unknown>(Object.entries(current))
    const known = Object.fromEntries(Object.keys(before).map((name) => [name, was.get(name)]))
    if (!isSame(known, before)) {
      const differs = difference(known, before)
      findings.blame('C2', place, `the ${entity} ${id} is not as it says it was: ${differs}`)
    }
    return [{ entity, before: current, after: { ...current, ...after } } as unknown as Change]
  })
}

function find(state: State, { entity, id }: RecordedChange): object | undefined {
  switch (entity) {
    case 'product':
      return state.products.get(Number(id))
    case 'hold':
      return state.holds.get(id)
    case 'order':
      return state.orders.get(id)
    case 'event':
      return state.events.get(id)
    case 'refund':
      return state.refunds.get(id)
  }
}

/** What a customer has, from the holds and orders that are his: as a worker counts it before a batch. */
export function countCustomer(
  state: State,
  productId: number,
  customerRef: string,
  his: His,
): void {
  const active = his.holds.filter((hold) => hold.status === 'active')
  const held = active.reduce((sum, hold) => sum + hold.quantity, 0)
  state.customers.set(customerKey(productId, customerRef), {
    units: his.units + held,
    activeHoldIds: active.map((hold) => hold.holdId),
  })
}

type His = {
  readonly holds: readonly {
    readonly holdId: string
    readonly status: string
    readonly quantity: number
  }[]
  /** Of his orders that count. */
  readonly units: number
}
