/** What a batch's commands name: by these its rows are loaded. */
import type { Command } from '@flashlane/core'

type Named = {
  readonly holds: Set<string>
  readonly orders: Set<string>
  /** Holds whose orders are asked for: a payment may name its order by them. */
  readonly holdsOfOrders: Set<string>
  /** Payments whose orders are asked for: a payment may name nothing else. */
  readonly paymentsOfOrders: Set<string>
  /** Names under which payment events may wait. */
  readonly waitingFor: Set<string>
  readonly paymentRefs: Set<string>
  readonly outcomes: Set<string>
  readonly eventKeys: Map<string, Set<string>>
  /** Orders that may expire: their waiting payments are heard first. */
  readonly dueOrders: Set<string>
}

export function namedBy(commands: readonly Command[]): Named {
  const named: Named = {
    holds: new Set(),
    orders: new Set(),
    holdsOfOrders: new Set(),
    paymentsOfOrders: new Set(),
    waitingFor: new Set(),
    paymentRefs: new Set(),
    outcomes: new Set(),
    eventKeys: new Map(),
    dueOrders: new Set(),
  }
  for (const command of commands) {
    if (command.fingerprint !== undefined) named.outcomes.add(command.commandId)
    name(named, command)
  }
  return named
}

function name(named: Named, command: Command): void {
  switch (command.type) {
    case 'PlaceHold':
      // A drawn id is new; one derived from a key may have been here before.
      if (command.fingerprint !== undefined) named.holds.add(command.holdId)
      return
    case 'ExtendHold':
    case 'ReleaseHold':
      named.holds.add(command.holdId)
      return
    case 'PlaceOrder':
      if (command.fingerprint !== undefined) named.orders.add(command.orderId)
      named.holds.add(command.holdId)
      named.waitingFor.add(command.orderId).add(command.holdId)
      if (command.paymentRef === null) return
      named.waitingFor.add(command.paymentRef)
      named.paymentRefs.add(command.paymentRef)
      return
    case 'CancelOrder':
    case 'SettleRefund':
      named.orders.add(command.orderId)
      return
    case 'RecordPayment':
      namePayment(named, command)
      return
    case 'ExpireDue':
      for (const id of command.ids) (id.startsWith('hold_') ? named.holds : named.dueOrders).add(id)
      return
    case 'AdjustStock':
    case 'ChangeProduct':
    case 'CreateProduct':
      return
  }
}

function namePayment(named: Named, command: Extract<Command, { type: 'RecordPayment' }>): void {
  const keys = named.eventKeys.get(command.provider) ?? new Set()
  named.eventKeys.set(command.provider, keys.add(command.eventKey))
  if (command.orderId !== null) named.orders.add(command.orderId)
  if (command.holdId !== null) {
    named.holds.add(command.holdId)
    named.holdsOfOrders.add(command.holdId)
  }
  if (command.paymentRef === null) return
  named.paymentRefs.add(command.paymentRef)
  if (command.orderId === null && command.holdId === null) {
    named.paymentsOfOrders.add(command.paymentRef)
  }
}
