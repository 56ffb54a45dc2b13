/** What the commands of a stretch of the journal name: all that deciding them again may look at. */
import { customersAskedFor, isStored, type Command, type State } from '@flashlane/core'
import type { EventKey, RecordedCommand } from '@flashlane/db'
import { type Entry, repeatOf } from './entry.ts'

export type Names = {
  readonly holds: Set<string>
  readonly orders: Set<string>
  /** Holds whose orders are asked for. */
  readonly holdsOfOrders: Set<string>
  readonly references: Set<string>
  /** Commands whose outcomes have rows, or may have had one before. */
  readonly outcomes: Set<string>
  readonly customers: Set<string>
  /** Events that were known when they came again, and those that these entries change. */
  readonly events: Map<string, EventKey>
}

export function namesIn(entries: readonly Entry[], { productId, state }: Where): Names {
  const names: Names = {
    holds: new Set(),
    orders: new Set(),
    holdsOfOrders: new Set(),
    references: new Set(),
    outcomes: new Set(),
    customers: new Set(),
    events: new Map(),
  }
  const commands: Command[] = []
  for (const { commands: recorded } of entries) {
    for (const each of recorded) {
      commands.push(each.command as Command)
      name(names, each)
    }
  }
  for (const ref of customersAskedFor(commands, termsOf(commands, { productId, state }))) {
    names.customers.add(ref)
  }
  return names
}

type Where = { readonly productId: number; readonly state: State }

/** The limit that is in force when the first of these commands comes; a product's own making sets it. */
function termsOf(commands: readonly Command[], { productId, state }: Where) {
  const made = commands.find((command) => command.type === 'CreateProduct')
  const known = state.products.get(productId) ?? made
  return { productId, maxPerCustomer: known?.maxPerCustomer ?? null }
}

function name(names: Names, recorded: RecordedCommand): void {
  const command = recorded.command as Command
  const { given, outcome, changes } = recorded
  nameCommand(names, command)
  if (command.fingerprint !== undefined || isStored(command, outcome)) {
    names.outcomes.add(command.commandId)
  }
  for (const id of given.expiredIds) nameEither(names, id)
  for (const event of given.events) nameReference(names, event.paymentRef)
  const repeat = repeatOf(recorded)
  if (repeat && command.type === 'RecordPayment') {
    names.events.set(`${command.provider} ${command.eventKey}`, command)
    if (repeat.orderId !== null) names.orders.add(repeat.orderId)
  }
  for (const { entity, id, before, after } of changes) {
    if (entity === 'event') names.events.set(id, keyIn(id))
    if (entity === 'refund') names.orders.add(orderOfRefund(id))
    // A new one is not there yet.
    if (before === null) continue
    if (entity === 'hold') names.holds.add(id)
    if (entity === 'order') names.orders.add(id)
    if (typeof after['orderId'] === 'string') names.orders.add(after['orderId'])
  }
}

function nameCommand(names: Names, command: Command): void {
  switch (command.type) {
    case 'PlaceHold':
      if (command.fingerprint !== undefined) names.holds.add(command.holdId)
      return
    case 'ExtendHold':
    case 'ReleaseHold':
      names.holds.add(command.holdId)
      return
    case 'PlaceOrder':
      names.holds.add(command.holdId)
      if (command.fingerprint !== undefined) names.orders.add(command.orderId)
      nameReference(names, command.paymentRef)
      return
    case 'CancelOrder':
    case 'SettleRefund':
      names.orders.add(command.orderId)
      return
    case 'RecordPayment':
      if (command.orderId !== null) names.orders.add(command.orderId)
      if (command.holdId !== null) {
        names.holds.add(command.holdId)
        names.holdsOfOrders.add(command.holdId)
      }
      nameReference(names, command.paymentRef)
      return
    case 'ExpireDue':
      for (const id of command.ids) nameEither(names, id)
      return
    case 'AdjustStock':
    case 'ChangeProduct':
    case 'CreateProduct':
      return
  }
}

function nameReference(names: Names, reference: string | null): void {
  if (reference !== null) names.references.add(reference)
}

const nameEither = (names: Names, id: string): unknown =>
  (id.startsWith('hold_') ? names.holds : names.orders).add(id)

/** As `eventId` joins it: a provider's name has no blank. */
function keyIn(id: string): EventKey {
  const at = id.indexOf(' ')
  return { provider: id.slice(0, at), eventKey: id.slice(at + 1) }
}

/** `rfd_<product>_<x>_<n>` is of `ord_<product>_<x>`. */
export const orderOfRefund = (refundId: string): string =>
  refundId.replace(/^rfd_/, 'ord_').replace(/_[0-9]+$/, '')
