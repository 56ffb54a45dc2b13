/** A sale of two scarce products: random steps are applied as a worker would, and every claim is checked on the way. */
import { isDeepStrictEqual } from 'node:util'
import { aProduct, customerIn, dueIn, START_MS } from '../builders.ts'
import type { Command } from '../command.ts'
import { type Decision, decide } from '../decide/decide.ts'
import { beginBatch, customersAskedFor, type Decided, decideInto } from '../fold.ts'
import type { Outcome } from '../outcome.ts'
import { customerKey, eventId, type State } from '../state.ts'
import { makeChecks } from './checks.ts'
import { claim } from './claim.ts'
import { makeCommands, PRODUCT_IDS } from './commands.ts'
import { deepFreeze, makeLockableState } from './lockable.ts'
import { makeRuleChecks } from './rule-checks.ts'
import { CUSTOMERS, type Step } from './steps.ts'

export function makeSale() {
  const { state, whileLocked } = makeLockableState()
  for (const productId of PRODUCT_IDS) {
    state.products.set(productId, aProduct({ productId, stockTotal: productId - 4 }))
  }
  const checks = makeChecks(state)
  const rules = makeRuleChecks(state)
  const commandOf = makeCommands(state)
  const firstOutcomes = new Map<string, Outcome>()
  let nowMs = START_MS
  let readMs = START_MS
  let batches = 0
  let applied = 0

  const begin = ({ afterMs, backMs, isCounted }: Step) => {
    nowMs += afterMs
    readMs = nowMs - backMs
    batches++
    for (const productId of PRODUCT_IDS) state.due.set(productId, dueIn(state, productId))
    state.customers.clear()
    for (const productId of PRODUCT_IDS) if (isCounted) countAll(state, productId, CUSTOMERS)
    beginBatch(state, readMs)
  }

  const apply = (command: Command) => {
    applied++
    const product = state.products.get(command.productId)
    if (product) countAll(state, product.productId, customersAskedFor([command], product))
    const atMs = state.products.get(command.productId)?.appliedAtMs ?? readMs
    const decision = deepFreeze(whileLocked(() => decide(deepFreeze(command), state, atMs)))
    claim(isSame(JSON.parse(JSON.stringify(decision)), decision), 'a decision survives JSON')
    const audited = decide(command, asInJournal(state, command, decision), atMs)
    claim(isSame(audited, decision), 'a decision is made again from its journal entry')
    const before = checks.before(command)
    const standing = rules.before(command)
    const decided = decideInto(state, command, readMs)
    claim(isSame(decided.changes, decision.changes), 'deciding twice is deciding alike')
    checkRepeat(decided)
    checks.after(before, decided)
    rules.after(standing, decided)
  }

  const checkRepeat = ({ command, outcome }: Decided) => {
    if (command.fingerprint === undefined) return
    const first = firstOutcomes.get(command.commandId)
    if (first) {
      const again = { ...first, replayed: { fingerprint: command.fingerprint } }
      return claim(isSame(outcome, again), 'a repeat is answered as at its birth', { again })
    }
    claim(outcome.version === 1 + batches, 'an outcome has the version of its batch', outcome)
    firstOutcomes.set(command.commandId, outcome)
  }

  return {
    applied: (): number => applied,
    take: (step: Step): void => {
      if (!step.joinsBatch || batches === 0) begin(step)
      const command = commandOf(step.what, nowMs - step.agoMs)
      if (command) apply(command)
      for (const { version } of state.products.values()) {
        claim(version === 1 + batches, 'a version counts batches without a gap', { version })
      }
      checks.always()
    },
  }
}

const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b)

/** The state as an auditor has it: the product's own rows, and of all else only what the journal says was given. */
function asInJournal(state: State, command: Command, { given }: Decision): State {
  const events = new Map(given.events.map((event) => [eventId(event), event]))
  const known = command.type === 'RecordPayment' ? state.events.get(eventId(command)) : undefined
  if (known) events.set(eventId(known), known)
  const audited = {
    ...state,
    events,
    due: new Map([[command.productId, given.expiredIds]]),
    customers: new Map(),
  }
  countAll(audited, command.productId, CUSTOMERS)
  return audited
}

/** As a worker counts them, once a batch. */
function countAll(state: State, productId: number, customerRefs: Iterable<string>): void {
  for (const customerRef of customerRefs) {
    const key = customerKey(productId, customerRef)
    if (!state.customers.has(key)) {
      state.customers.set(key, customerIn(state, productId, customerRef))
    }
  }
}
