/** Decides a batch's commands in order, each on what the ones before it left. */
import type { AdjustStock, Command, RecordPayment } from './command.ts'
import { type Change, evolve, type Given } from './decide/draft.ts'
import { decide } from './decide/decide.ts'
import { QUANTITY_MAX } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { Order, PaymentEvent, Product, State } from './state.ts'
import { eventId } from './state.ts'

/** Which rules decided an entry: raised when `decide` changes what it answers, so that only entries of these rules are decided again. */
export const RULES_VERSION = 3

export type Decided = {
  readonly command: Command
  readonly outcome: Outcome
  readonly changes: readonly Change[]
  readonly given: Given
  /** The database's clock under the product's lock. */
  readonly appliedAtMs: number
}

/** Every product of the batch gets its next version; time never goes back for it, whatever the clock says. */
export function beginBatch(
  state: State,
  nowMs: number,
  productIds: Iterable<number> = state.products.keys(),
): void {
  for (const productId of productIds) {
    const product = state.products.get(productId)
    if (!product) continue
    state.products.set(productId, {
      ...product,
      version: product.version + 1,
      appliedAtMs: Math.max(nowMs, product.appliedAtMs),
    })
  }
}

/** Decides one command and takes over what it changed. */
export function decideInto(state: State, command: Command, nowMs: number): Decided {
  const appliedAtMs = state.products.get(command.productId)?.appliedAtMs ?? nowMs
  const decision = decide(command, state, appliedAtMs)
  evolve(state, decision.changes)
  if (isStored(command, decision.outcome)) {
    state.outcomes.set(command.commandId, {
      outcome: decision.outcome,
      fingerprint: command.fingerprint ?? null,
    })
  }
  return { command, ...decision, appliedAtMs }
}

/** The reason of a letter that brings money under a key which another payment has used. */
export const KEY_REUSED = 'key_reused: another payment has this key'

/** Money under a key that another payment has used: nothing is recorded of it but this. */
export function isLostPayment({ command, outcome }: Decided, state: State): boolean {
  if (command.type !== 'RecordPayment' || command.kind !== 'succeeded') return false
  if (outcome.outcome !== 'accepted' || outcome.result.type !== 'payment') return false
  if (outcome.result.result !== 'key_reused') return false
  const known = state.events.get(eventId(command))
  return known === undefined || isOtherPayment(known, command)
}

/** Whether an event speaks of other money than the one known under its key: the payment tells, else order or hold. */
export function isOtherPayment(known: PaymentEvent, event: PaidBy): boolean {
  if (known.kind !== 'succeeded') return true
  if (known.paymentRef !== null && event.paymentRef !== null) {
    return known.paymentRef !== event.paymentRef
  }
  return !isSame(known.orderId, event.orderId) && !isSame(known.holdId, event.holdId)
}

type PaidBy = Pick<RecordPayment, 'paymentRef' | 'holdId' | 'orderId'>

const isSame = (a: string | null, b: string | null): boolean => a !== null && a === b

const TELL_THEMSELVES: ReadonlySet<Command['type']> = new Set([
  'PlaceHold',
  'PlaceOrder',
  'RecordPayment',
])

/** Whether an outcome needs a row of its own. Holds, orders and payment events tell theirs themselves. */
export function isStored(command: Command, outcome: Outcome): boolean {
  if (outcome.replayed || command.type === 'ExpireDue' || command.type === 'CreateProduct') {
    return false
  }
  if (outcome.outcome !== 'accepted') return true
  return !TELL_THEMSELVES.has(command.type)
}

/** One change an entity: from what the database has to what it is to have. */
export function netChanges(decided: readonly Decided[]): readonly Change[] {
  const net = new Map<string | number, Change>()
  for (const { changes } of decided) {
    for (const change of changes) {
      const key = entityKey(change)
      const earlier = net.get(key)
      net.set(key, earlier ? since(earlier, change) : change)
    }
  }
  return [...net.values()]
}

const since = ({ before }: Change, { entity, after }: Change): Change =>
  ({ entity, before, after }) as Change

/** Of a product its number: what a batch changes most often. */
function entityKey(change: Change): string | number {
  switch (change.entity) {
    case 'product':
      return change.after.productId
    case 'hold':
      return change.after.holdId
    case 'order':
      return change.after.orderId
    case 'event':
      return `event ${eventId(change.after)}`
    case 'refund':
      return change.after.refundId
  }
}

/** How many units the batch may ask for at most: where that is more than what is free, what is due must be known. */
export function demand(commands: readonly Command[], product: Product, state: State): number {
  let units = 0
  for (const command of commands) {
    if (command.productId !== product.productId) continue
    if (command.type === 'PlaceHold') units += command.quantity
    if (command.type === 'AdjustStock') units += decreaseBy(command, product)
    if (command.type === 'RecordPayment' && command.kind === 'succeeded') {
      // An order that is not there yet may be placed, and cancelled, earlier in the same batch.
      units += orderNamedBy(command, state)?.quantity ?? QUANTITY_MAX
    }
  }
  return units
}

/** The customers of a product of whom it must be known what they have, before the batch is decided. */
export function customersAskedFor(
  commands: readonly Command[],
  { productId, maxPerCustomer }: Pick<Product, 'productId' | 'maxPerCustomer'>,
): ReadonlySet<string> {
  const customers = new Set<string>()
  const isLimited = maxPerCustomer !== null || isLimiting(commands, productId)
  for (const command of commands) {
    if (command.type !== 'PlaceHold' || command.productId !== productId) continue
    if (command.customerRef === null) continue
    if (isLimited || command.replaceExisting) customers.add(command.customerRef)
  }
  return customers
}

/** A limit may come into force in the middle of a batch. */
const isLimiting = (commands: readonly Command[], productId: number): boolean =>
  commands.some(
    (command) =>
      command.type === 'ChangeProduct' &&
      command.productId === productId &&
      command.changes.maxPerCustomer !== undefined,
  )

const decreaseBy = ({ change }: AdjustStock, { stockTotal }: Product): number =>
  Math.max(0, 'set' in change ? stockTotal - change.set : -change.delta)

function orderNamedBy(command: RecordPayment, state: State): Order | undefined {
  const { orderId, holdId, paymentRef } = command
  const named = orderId ?? state.holds.get(holdId ?? '')?.orderId
  return state.orders.get(named ?? state.referenceOwners.get(paymentRef ?? '')?.orderId ?? '')
}
