/** Builders for the tests of the rules: each takes only what matters to the claim. */
import type { Command } from './command.ts'
import { countOrder } from './decide/customer.ts'
import type { Change } from './decide/draft.ts'
import { eventOf } from './decide/payment.ts'
import { beginBatch, customersAskedFor, type Decided, decideInto, demand } from './fold.ts'
import { formatId, type IdKind } from './ids.ts'
import type { Outcome } from './outcome.ts'
import {
  type Customer,
  customerKey,
  emptyState,
  type Hold,
  type Order,
  type PaymentEvent,
  type PaymentKind,
  type Product,
  type Refund,
  type State,
} from './state.ts'

export const START_MS = 1_800_000_000_000
export const PRODUCT_ID = 7
export const PRICE = 50

let drawn = 0
const draw = (): number => ++drawn

/** The id with this number: the same number gives a command and what it makes. */
export const anId = (kind: IdKind, number: number, productId = PRODUCT_ID): string =>
  formatId(kind, productId, String(number).padStart(26, '0'))

export const aHash = (text: string): string => {
  let hash = 0
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 0xffff_ffff
  return hash.toString(16).padStart(32, '0')
}

type Made<Type extends Command['type']> = Partial<Omit<Extract<Command, { type: Type }>, 'type'>>

const head = (productId: number | undefined, number = draw()) => ({
  commandId: anId('cmd', number, productId),
  productId: productId ?? PRODUCT_ID,
  acceptedAtMs: START_MS,
})

export function aPlaceHold(made: Made<'PlaceHold'> = {}): Extract<Command, { type: 'PlaceHold' }> {
  const number = draw()
  return {
    type: 'PlaceHold',
    ...head(made.productId, number),
    holdId: anId('hold', number, made.productId),
    quantity: 1,
    ttlMs: 120_000,
    customerRef: null,
    ...made,
  }
}

export const aReleaseHold = (
  holdId: string,
  made: Made<'ReleaseHold'> = {},
): Extract<Command, { type: 'ReleaseHold' }> => ({
  type: 'ReleaseHold',
  ...head(made.productId),
  holdId,
  ...made,
})

export function aPlaceOrder(
  holdId: string,
  made: Made<'PlaceOrder'> = {},
): Extract<Command, { type: 'PlaceOrder' }> {
  const number = draw()
  return {
    type: 'PlaceOrder',
    ...head(made.productId, number),
    orderId: anId('ord', number, made.productId),
    holdId,
    paymentRef: null,
    customerRef: null,
    payment: 'online',
    paymentDueMs: 900_000,
    ...made,
  }
}

export const aCancelOrder = (
  orderId: string,
  made: Made<'CancelOrder'> = {},
): Extract<Command, { type: 'CancelOrder' }> => ({
  type: 'CancelOrder',
  ...head(made.productId),
  orderId,
  ...made,
})

export type PaymentCommand = Extract<Command, { type: 'RecordPayment' }>

/** A payment event with a key of its own; it tells of nothing else than what is given. */
export function aPayment(kind: PaymentKind, made: Made<'RecordPayment'> = {}): PaymentCommand {
  const number = draw()
  return {
    type: 'RecordPayment',
    ...head(made.productId, number),
    provider: 'stripe',
    eventKey: `event-${number}`,
    kind,
    orderId: null,
    holdId: null,
    paymentRef: null,
    amount: null,
    currency: null,
    refundId: null,
    releaseOnFailure: true,
    restockOnRefund: false,
    bodyHash: aHash(`body-${number}`),
    payload: '',
    ...made,
  }
}

export const anExpireDue = (
  ids: readonly string[],
  cutoffMs: number,
  made: Made<'ExpireDue'> = {},
): Extract<Command, { type: 'ExpireDue' }> => ({
  type: 'ExpireDue',
  ...head(made.productId),
  ids: [...ids],
  cutoffMs,
  ...made,
})

export const anExtendHold = (
  holdId: string,
  made: Made<'ExtendHold'> = {},
): Extract<Command, { type: 'ExtendHold' }> => ({
  type: 'ExtendHold',
  ...head(made.productId),
  holdId,
  extendMs: 60_000,
  lifetimeMs: 600_000,
  extensionsMax: 2,
  ...made,
})

export const aChangeProduct = (
  changes: Extract<Command, { type: 'ChangeProduct' }>['changes'],
  made: Made<'ChangeProduct'> = {},
): Extract<Command, { type: 'ChangeProduct' }> => ({
  type: 'ChangeProduct',
  ...head(made.productId),
  changes,
  ...made,
})

export const aSettleRefund = (
  refund: Pick<Refund, 'refundId' | 'orderId'>,
  status: 'sent' | 'done',
  made: Made<'SettleRefund'> = {},
): Extract<Command, { type: 'SettleRefund' }> => ({
  type: 'SettleRefund',
  ...head(made.productId),
  orderId: refund.orderId,
  refundId: refund.refundId,
  status,
  ...made,
})

export const anAdjustStock = (
  change: { delta: number } | { set: number },
  made: Made<'AdjustStock'> = {},
): Extract<Command, { type: 'AdjustStock' }> => ({
  type: 'AdjustStock',
  ...head(made.productId),
  change,
  ...made,
})

export const aProduct = (made: Partial<Product> = {}): Product => ({
  productId: PRODUCT_ID,
  name: 'A lamp',
  description: '',
  image: null,
  price: PRICE,
  currency: 'USD',
  stockTotal: 10,
  held: 0,
  sold: 0,
  saleStartsAtMs: null,
  saleEndsAtMs: null,
  maxPerHold: null,
  maxPerCustomer: null,
  isPaused: false,
  version: 1,
  appliedAtMs: START_MS,
  ...made,
})

/** An event as the api leaves it in the inbox: no lane has seen it. */
export const inInbox = (command: PaymentCommand): PaymentEvent => eventOf(command)

/** What a worker would load: what may expire, oldest deadline first. */
export function dueIn(state: State, productId: number): readonly string[] {
  const due: { id: string; deadlineMs: number }[] = []
  for (const hold of state.holds.values()) {
    if (hold.productId === productId && hold.status === 'active') {
      due.push({ id: hold.holdId, deadlineMs: hold.expiresAtMs })
    }
  }
  for (const order of state.orders.values()) {
    if (order.productId === productId && order.status === 'pending' && order.paymentDueAtMs) {
      due.push({ id: order.orderId, deadlineMs: order.paymentDueAtMs })
    }
  }
  due.sort((a, b) => a.deadlineMs - b.deadlineMs)
  return due.map(({ id }) => id)
}

/** What a worker would load: what a customer has of the product. */
export function customerIn(state: State, productId: number, customerRef: string): Customer {
  const isHis = (each: Hold | Order) =>
    each.productId === productId && each.customerRef === customerRef
  const active = [...state.holds.values()].filter((each) => isHis(each) && each.status === 'active')
  const orders = [...state.orders.values()].filter(isHis)
  const held = active.reduce((sum, hold) => sum + hold.quantity, 0)
  return {
    units: orders.reduce((sum, order) => sum + countOrder(order), held),
    activeHoldIds: active.map((hold) => hold.holdId),
  }
}

/** A product on sale whose lane applies what it is sent, each command as a batch of its own. */
export type Shop = ReturnType<typeof aShop>

export function aShop(made: Partial<Product> = {}) {
  const state = emptyState()
  const product = aProduct(made)
  state.products.set(product.productId, product)
  let nowMs = START_MS

  const applyBatch = (commands: readonly Command[]): readonly Decided[] => {
    const { productId } = product
    const before = state.products.get(productId) as Product
    const free = before.stockTotal - before.held - before.sold
    state.due.clear()
    if (demand(commands, before, state) > free) state.due.set(productId, dueIn(state, productId))
    state.customers.clear()
    for (const customerRef of customersAskedFor(commands, before)) {
      const key = customerKey(productId, customerRef)
      state.customers.set(key, customerIn(state, productId, customerRef))
    }
    beginBatch(state, nowMs)
    return commands.map((command) => decideInto(state, command, nowMs))
  }
  const apply = (command: Command): Decided => applyBatch([command])[0] as Decided
  return {
    state,
    apply,
    applyBatch,
    tell: (command: Command): Outcome => apply(command).outcome,
    /** Accepted now, as a client's command is when the lane is short. */
    now: (): { acceptedAtMs: number } => ({ acceptedAtMs: nowMs }),
    nowMs: (): number => nowMs,
    wait: (ms: number): void => {
      nowMs += ms
    },
    product: (): Product => state.products.get(product.productId) as Product,
    hold: (id: string): Hold => state.holds.get(id) as Hold,
    order: (id: string): Order => state.orders.get(id) as Order,
    refunds: (): readonly Refund[] => [...state.refunds.values()],
  }
}

/** A held unit, or more; told by its id. */
export function givenHold(shop: Shop, made: Made<'PlaceHold'> = {}): string {
  const command = aPlaceHold({ ...shop.now(), ...made })
  shop.tell(command)
  return command.holdId
}

/** An order on a hold of its own; told by its id. */
export function givenOrder(
  shop: Shop,
  made: Made<'PlaceOrder'> & { quantity?: number } = {},
): string {
  const { quantity = 1, ...rest } = made
  const command = aPlaceOrder(givenHold(shop, { quantity }), { ...shop.now(), ...rest })
  shop.tell(command)
  return command.orderId
}

/** `reference status` of every refund, in the order in which they came. */
export const refundsOf = (shop: Shop): readonly string[] =>
  shop.refunds().map(({ reference, status }) => `${reference ?? 'anonymous'} ${status}`)

export const ofEntity = <Entity extends Change['entity']>(
  changes: readonly Change[],
  entity: Entity,
): readonly Extract<Change, { entity: Entity }>[] =>
  changes.filter(
    (change): change is Extract<Change, { entity: Entity }> => change.entity === entity,
  )
