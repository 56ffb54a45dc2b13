/** What must hold of a sale's rules after every command, counted afresh from all holds and orders. */
import { isDeepStrictEqual } from 'node:util'
import type { ChangeProduct, Command, ExtendHold, PlaceHold } from '../command.ts'
import type { Change } from '../decide/draft.ts'
import type { Decided } from '../fold.ts'
import { EXPIRY_GRACE_MS } from '../limits.ts'
import type { HoldResult } from '../outcome.ts'
import { available, customerKey, type Hold, type Product, type State } from '../state.ts'
import { claim, see } from './claim.ts'

type Standing = {
  readonly product: Product
  readonly hold: Hold | undefined
  /** The active holds of the customer who asks. */
  readonly own: readonly Hold[]
  readonly isRepeat: boolean
}

/** What a product is, apart from its counters: only an operator changes it. */
const termsOf = (product: Product) => ({
  ...product,
  held: 0,
  sold: 0,
  stockTotal: 0,
  version: 0,
  appliedAtMs: 0,
})

export function makeRuleChecks(state: State) {
  /** The latest deadline that a hold's buyer was told. */
  const promised = new Map<string, number>()
  const isAnswered = new Set<string>()

  const activeOf = (productId: number, customerRef: string | null): readonly Hold[] =>
    [...state.holds.values()].filter(
      (hold) =>
        customerRef !== null &&
        hold.customerRef === customerRef &&
        hold.productId === productId &&
        hold.status === 'active',
    )

  /** Held, ordered and bought, unless it went back. */
  const usedBy = (productId: number, customerRef: string): number => {
    let units = sum(activeOf(productId, customerRef))
    for (const order of state.orders.values()) {
      if (order.productId !== productId || order.customerRef !== customerRef) continue
      const wentBack = ['cancelled', 'expired', 'refund_due', 'refunded'].includes(order.status)
      if (!wentBack) units += order.quantity
    }
    return units
  }

  const checkCarried = () => {
    for (const [key, { units, activeHoldIds }] of state.customers) {
      const productId = Number(key.slice(0, key.indexOf(' ')))
      const customerRef = key.slice(key.indexOf(' ') + 1)
      const used = usedBy(productId, customerRef)
      const ids = activeOf(productId, customerRef).map(({ holdId }) => holdId)
      claim(units === used, 'what a customer has is what a fresh count finds', { key, units, used })
      claim(
        isDeepStrictEqual(activeHoldIds.toSorted(), ids.toSorted()),
        'a customer’s holds are those of a fresh count',
        { key, activeHoldIds, ids },
      )
    }
  }

  const overdueOf = (productId: number, limitMs: number) => [
    ...[...state.holds.values()].filter(
      (each) =>
        each.productId === productId && each.status === 'active' && each.expiresAtMs <= limitMs,
    ),
    ...[...state.orders.values()].filter(
      (each) =>
        each.productId === productId &&
        each.status === 'pending' &&
        (each.paymentDueAtMs ?? Number.POSITIVE_INFINITY) <= limitMs,
    ),
  ]

  /** Nobody is told that there is too little while what is overdue could make room. */
  const checkShort = (command: PlaceHold, { appliedAtMs }: Decided, own: readonly Hold[]) => {
    const limitMs = Math.min(command.acceptedAtMs, appliedAtMs) - EXPIRY_GRACE_MS
    const spared = command.replaceExisting ? own.map(({ holdId }) => holdId) : []
    const left = overdueOf(command.productId, limitMs).filter(
      ({ holdId }) => !spared.includes(holdId),
    )
    claim(left.length === 0, 'what is overdue makes room', { command, left })
  }

  const checkGranted = (command: PlaceHold, standing: Standing, decided: Decided) => {
    const { product, own } = standing
    const granted = state.holds.get(command.holdId)
    const after = state.products.get(command.productId)
    if (!granted || !after) return claim(false, 'a granted hold is there', command)
    const { acceptedAtMs, customerRef } = command
    const { maxPerCustomer, maxPerHold, saleStartsAtMs, saleEndsAtMs } = product
    claim(!product.isPaused, 'a paused product grants nothing', command)
    claim(acceptedAtMs >= (saleStartsAtMs ?? 0), 'nothing before the sale', { command, product })
    claim(acceptedAtMs < (saleEndsAtMs ?? Number.POSITIVE_INFINITY), 'nothing after the sale', {
      command,
      product,
    })
    claim(command.quantity <= (maxPerHold ?? Number.POSITIVE_INFINITY), 'a hold’s limit', command)
    if (maxPerCustomer !== null) {
      const used = customerRef === null ? null : usedBy(command.productId, customerRef)
      claim(used !== null && used <= maxPerCustomer, 'a customer’s limit', { command, used })
    }
    const free = available(after) + granted.quantity
    const most = command.allowPartial ? Math.min(command.quantity, free) : command.quantity
    claim(granted.quantity === most, 'a grant is all of it, or what is free', { granted, free })
    claim(granted.requestedQuantity === command.quantity, 'what was asked for', granted)
    if (granted.quantity < command.quantity) {
      see('hold granted in part')
      checkShort(command, decided, own)
    }
    claim(
      granted.unitPrice === product.price && granted.currency === product.currency,
      'a hold has the price of its time',
      { granted, product },
    )
    if (!command.replaceExisting) return
    const stays = own.filter(({ holdId }) => state.holds.get(holdId)?.status !== 'released')
    claim(stays.length === 0, 'what is replaced is released', stays)
    if (own.length > 0) see('hold replaces')
    if (own.length > 1) see('hold replaces several')
  }

  const checkRefused = (command: PlaceHold, { product, own }: Standing, decided: Decided) => {
    const { outcome, changes } = decided
    if (outcome.outcome !== 'refused') return
    const after = state.products.get(command.productId) as Product
    const isOwn = ({ entity, after: hold }: Change) =>
      entity === 'hold' && own.some(({ holdId }) => holdId === hold.holdId)
    const given = command.replaceExisting ? sum(own) : 0
    if (command.replaceExisting) {
      claim(!changes.some(isOwn), 'a refused replacement changes none of his holds', changes)
      if (own.length > 0) see(`hold refused to replace ${outcome.reason}`)
    }
    if (outcome.reason === 'quantity_above_limit') {
      claim(
        command.quantity > (product.maxPerHold ?? 0),
        'nobody is refused a hold’s limit',
        decided,
      )
    }
    const free = available(after) + given
    if (outcome.reason === 'insufficient_stock') {
      claim(outcome.facts['available'] === available(after), 'what is free is told', outcome)
      claim(free < (command.allowPartial ? 1 : command.quantity), 'too little is free', decided)
      checkShort(command, decided, own)
    }
    if (outcome.reason === 'customer_limit') {
      const used = usedBy(command.productId, command.customerRef ?? '')
      const asked = command.allowPartial ? Math.min(command.quantity, free) : command.quantity
      const limit = product.maxPerCustomer
      claim(isDeepStrictEqual(outcome.facts, { limit, used }), 'limit and use are told', outcome)
      claim(used - given + asked > (limit ?? 0), 'nobody is refused below his limit', decided)
      if (used > (limit ?? 0)) see('customer above a limit that came later')
    }
  }

  const checkExtended = (command: ExtendHold, { hold }: Standing, { appliedAtMs }: Decided) => {
    const after = state.holds.get(command.holdId)
    if (!hold || !after) return claim(false, 'an extended hold is there', command)
    const lastMs = Math.max(hold.createdAtMs + hold.ttlMs, hold.createdAtMs + command.lifetimeMs)
    const askedMs = appliedAtMs + command.extendMs
    const expected = Math.max(hold.expiresAtMs, askedMs < lastMs ? askedMs : lastMs)
    claim(after.expiresAtMs === expected, 'an extension', { hold, after, command })
    claim(after.extensions <= command.extensionsMax, 'so many extensions', after)
    if (after.expiresAtMs > hold.expiresAtMs) see('hold extended')
  }

  const checkTold = ({ changes, command, appliedAtMs }: Decided) => {
    for (const change of changes) {
      if (change.entity !== 'hold' || change.after.status !== 'expired') continue
      const toldMs = promised.get(change.after.holdId) ?? 0
      const first = change.after.bornExpiresAtMs
      claim(toldMs <= appliedAtMs - EXPIRY_GRACE_MS, 'no hold ends before it was told', change)
      if (toldMs > first) see('extended hold expired')
      const asks = command.type === 'PlaceHold' ? command.customerRef : null
      if (asks !== null && asks === change.after.customerRef) see('own hold expired to make room')
    }
  }

  const checkFixed = ({ changes, command }: Decided, { product }: Standing) => {
    for (const change of changes) {
      if (change.entity === 'hold' && change.before !== null) {
        const may = ['status', 'expiresAtMs', 'extensions', 'orderId', 'endedAtMs']
        const fixed = (hold: Hold) => Object.entries(hold).filter(([name]) => !may.includes(name))
        claim(
          isDeepStrictEqual(fixed(change.before), fixed(change.after)),
          'a hold’s terms',
          change,
        )
      }
      if (change.entity === 'order' && isRetaken(change)) {
        const key = customerKey(change.after.productId, change.after.customerRef ?? '')
        if (state.customers.has(key)) see('order retaken of a counted customer')
      }
      if (change.entity === 'order' && change.before === null) {
        const hold = state.holds.get(change.after.holdId) as Hold
        const { amount, unitPrice, currency, customerRef } = change.after
        const isHolds = unitPrice === hold.unitPrice && currency === hold.currency
        claim(
          isHolds && amount === unitPrice * hold.quantity,
          'an order has its hold’s price',
          change,
        )
        claim(hold.customerRef === null || customerRef === hold.customerRef, 'whose hold', change)
        if (unitPrice !== state.products.get(hold.productId)?.price) see('order at an older price')
        if (customerRef !== hold.customerRef) see('order by one whose hold had no name')
      }
    }
    const after = state.products.get(product.productId) as Product
    const said = command.type === 'ChangeProduct' ? command.changes : {}
    const isSaid = isDeepStrictEqual(termsOf(after), { ...termsOf(product), ...said })
    const isAsItWas = isDeepStrictEqual(termsOf(after), termsOf(product))
    claim(isAsItWas || isSaid, 'a product is what an operator says', { after, product, said })
  }

  const checkChanged = (command: ChangeProduct, { product }: Standing, decided: Decided) => {
    const { outcome } = decided
    const after = state.products.get(command.productId) as Product
    const isEmpty = (terms: Product) =>
      terms.saleStartsAtMs !== null &&
      terms.saleEndsAtMs !== null &&
      terms.saleStartsAtMs >= terms.saleEndsAtMs
    const asked = { ...product, ...(command.changes as Partial<Product>) }
    const isAccepted = outcome.outcome === 'accepted'
    claim(isAccepted === !isEmpty(asked), 'a sale has a time', { asked, outcome })
    claim(isDeepStrictEqual(after, isAccepted ? asked : product), 'a change is whole', after)
    if (outcome.outcome === 'accepted' && outcome.result.type === 'product') {
      claim(isDeepStrictEqual(outcome.result.product, after), 'an operator is shown it', outcome)
    }
  }

  const checkRule = (standing: Standing, decided: Decided) => {
    const { command, outcome } = decided
    const isAccepted = outcome.outcome === 'accepted'
    if (command.type === 'PlaceHold') {
      if (isAccepted) checkGranted(command, standing, decided)
      else checkRefused(command, standing, decided)
    }
    if (command.type === 'ExtendHold' && isAccepted) checkExtended(command, standing, decided)
    if (command.type === 'ChangeProduct') checkChanged(command, standing, decided)
  }

  return {
    before: (command: Command): Standing => {
      const customerRef = command.type === 'PlaceHold' ? command.customerRef : null
      return {
        product: state.products.get(command.productId) as Product,
        hold: command.type === 'ExtendHold' ? state.holds.get(command.holdId) : undefined,
        own: activeOf(command.productId, customerRef),
        isRepeat: isAnswered.has(command.commandId),
      }
    },
    after: (standing: Standing, decided: Decided): void => {
      const { command, outcome } = decided
      checkTold(decided)
      checkFixed(decided, standing)
      checkCarried()
      if (outcome.replayed) {
        const hold = heldIn(decided)
        const isPart = hold !== null && hold.quantity < hold.requestedQuantity
        see(`repeat ${command.type}${isPart ? ' in part' : ''}`)
        return claim(decided.changes.length === 0, 'a repeat changes nothing', decided)
      }
      if (!standing.isRepeat) checkRule(standing, decided)
      isAnswered.add(command.commandId)
      const hold = heldIn(decided)
      if (hold)
        promised.set(hold.holdId, Math.max(promised.get(hold.holdId) ?? 0, hold.expiresAtMs))
    },
  }
}

const isRetaken = ({ before, after }: Change & { entity: 'order' }): boolean =>
  after.status === 'paid' && (before?.status === 'cancelled' || before?.status === 'expired')

const heldIn = ({ outcome }: Decided): HoldResult | null =>
  outcome.outcome === 'accepted' && outcome.result.type === 'hold' ? outcome.result.hold : null

const sum = (holds: readonly Hold[]): number =>
  holds.reduce((total, { quantity }) => total + quantity, 0)
