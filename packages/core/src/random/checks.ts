/** What must hold after every command, said without looking at how it is decided. */
import { isDeepStrictEqual } from 'node:util'
import type { Command } from '../command.ts'
import type { Change } from '../decide/draft.ts'
import type { Decided } from '../fold.ts'
import { EXPIRY_GRACE_MS } from '../limits.ts'
import {
  eventId,
  type Hold,
  type HoldStatus,
  type Order,
  type OrderStatus,
  type Payment,
  type Product,
  type State,
} from '../state.ts'
import { claim, see } from './claim.ts'

const HOLD_MOVES: Readonly<Record<HoldStatus, readonly HoldStatus[]>> = {
  active: ['ordered', 'released', 'expired'],
  ordered: [],
  released: [],
  expired: [],
}

const ORDER_MOVES: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  pending: ['paid', 'cancelled', 'expired'],
  paid: ['refunded'],
  confirmed: ['paid', 'cancelled', 'refunded'],
  cancelled: ['paid', 'refund_due'],
  expired: ['paid', 'refund_due'],
  refund_due: ['refunded'],
  refunded: [],
}

/** In so many moves at most: a command that hears waiting events makes one for each. */
function canMove(from: OrderStatus, to: OrderStatus, moves: number): boolean {
  if (from === to) return true
  return moves > 0 && ORDER_MOVES[from].some((between) => canMove(between, to, moves - 1))
}

type Before = {
  readonly command: Command
  readonly products: ReadonlyMap<number, Product>
  readonly goingBack: ReadonlySet<string>
}

const checkDeadline = (
  deadlineMs: number | null,
  { command, appliedAtMs, given }: Decided,
): void => {
  const cutoffMs = command.type === 'ExpireDue' ? command.cutoffMs : command.acceptedAtMs
  const heardMs = given.events.map((event) => event.acceptedAtMs)
  const limitMs = Math.min(appliedAtMs, Math.max(cutoffMs, ...heardMs)) - EXPIRY_GRACE_MS
  claim(deadlineMs !== null && deadlineMs <= limitMs, 'nothing expires early', { deadlineMs })
}

const checkLateness = ({ command, outcome, appliedAtMs }: Decided, hold: Hold | undefined) => {
  if (command.type !== 'PlaceOrder' || outcome.outcome !== 'refused' || outcome.replayed) return
  if (outcome.reason !== 'hold_expired') return
  const isLate = Math.min(command.acceptedAtMs, appliedAtMs) >= (hold?.expiresAtMs ?? 0)
  claim(isLate || hold?.status === 'expired', 'a timely order is honoured', hold)
}

const checkHold = ({ before, after }: Change & { entity: 'hold' }, decided: Decided) => {
  if (before === null) return claim(after.status === 'active', 'a hold is born active', after)
  if (before.status === after.status) return
  see(`hold ${before.status} ${after.status}`)
  claim(HOLD_MOVES[before.status].includes(after.status), 'a hold’s status', { before, after })
  if (after.status === 'expired') checkDeadline(before.expiresAtMs, decided)
}

const checkOrder = ({ before, after }: Change & { entity: 'order' }, decided: Decided) => {
  const from = before?.status ?? after.bornStatus
  if (before === null) see(`order born ${after.status}`)
  if (from === after.status) return
  see(`order ${from} ${after.status}`)
  const moves = Math.max(1, decided.given.events.length + 1)
  claim(canMove(from, after.status, moves), 'an order’s status', { before, after })
  if (after.status === 'expired') checkDeadline(after.paymentDueAtMs, decided)
}

const REFUND_MOVES = ['due', 'sent', 'done']

const checkRefund = ({ before, after }: Change & { entity: 'refund' }) => {
  see(`refund ${before?.status ?? 'new'} ${after.status}`)
  const isOnward =
    REFUND_MOVES.indexOf(after.status) >= REFUND_MOVES.indexOf(before?.status ?? 'due')
  const { status: _is, ...rest } = after
  const { status: _was, ...old } = before ?? after
  claim(isOnward && isDeepStrictEqual(rest, old), 'a refund’s status', { before, after })
}

export function makeChecks(state: State) {
  /** Refunded orders whose units stay sold. */
  const kept = new Map<string, number>()

  /** Whether a refunded order keeps its units follows from what its refund asked; the sums must then agree. */
  const settleKept = ({ before, after }: Change & { entity: 'order' }, decided: Decided) => {
    if (after.status !== 'refunded' || before?.status === 'refunded') return
    const { command, given } = decided
    // An operator settles money that never bought anything.
    if (command.type === 'SettleRefund')
      return claim(before?.status === 'refund_due', 'late', after)
    const told = [...given.events, ...(command.type === 'RecordPayment' ? [command] : [])]
    const asks = told
      .filter((event) => event.kind === 'refunded')
      .filter((event) => state.events.get(eventId(event))?.orderId === after.orderId)
      .map((event) => event.restockOnRefund)
    claim(asks.length > 0, 'an order is refunded by a refund', after)
    const isBack = before?.status === 'refund_due' || asks.every((asked) => asked)
    // Of parts that were heard at once and ask for different things, the last one counts: either will do here.
    const left = Math.max(0, Math.min(after.quantity, unitsLeft(after)))
    const isClear = isBack || asks.every((asked) => !asked)
    kept.set(after.orderId, isClear ? (isBack ? 0 : after.quantity) : left)
  }

  const unitsLeft = (order: Order): number => {
    const product = state.products.get(order.productId)
    return (product?.sold ?? 0) - sumOrders(order.productId).sold
  }

  const sumOrders = (productId: number) => {
    let held = 0
    let sold = 0
    for (const hold of state.holds.values()) {
      if (hold.productId === productId && hold.status === 'active') held += hold.quantity
    }
    for (const order of state.orders.values()) {
      if (order.productId !== productId) continue
      if (order.status === 'pending') held += order.quantity
      if (order.status === 'paid' || order.status === 'confirmed') sold += order.quantity
      if (order.status === 'refunded') sold += kept.get(order.orderId) ?? 0
    }
    return { held, sold }
  }

  const checkCounters = (product: Product) => {
    const { stockTotal, held, sold } = product
    claim(held >= 0 && sold >= 0 && held + sold <= stockTotal, 'never oversold', product)
    const sum = sumOrders(product.productId)
    claim(held === sum.held, 'held is the active holds and pending orders', { product, sum })
    claim(sold === sum.sold, 'sold is what is paid, confirmed, or given back for good', {
      product,
      sum,
    })
  }

  return {
    before: (command: Command): Before => ({
      command,
      products: new Map(state.products),
      goingBack: new Set(state.refundedReferences.keys()),
    }),
    after: ({ command, products, goingBack }: Before, decided: Decided): void => {
      const { outcome, changes } = decided
      see(outcome.outcome === 'refused' ? outcome.reason : command.type)
      if (outcome.outcome === 'accepted' && outcome.result.type === 'payment') {
        see(`payment ${outcome.result.result}`)
      }
      for (const change of changes) {
        if (change.entity === 'hold') checkHold(change, decided)
        if (change.entity === 'order') checkOrder(change, decided)
        if (change.entity === 'event') {
          claim(change.before?.state !== 'done', 'an event has its effect once', change)
        }
        if (change.entity === 'refund' && change.before === null) {
          const isSecond = goingBack.has(change.after.reference ?? '')
          claim(!isSecond, 'a payment has one refund', change.after)
        }
        if (change.entity === 'refund') checkRefund(change)
        if (change.entity !== 'event') {
          claim(change.after.productId === command.productId, 'a command moves its product only')
        }
      }
      for (const [productId, product] of products) {
        const isOther = productId !== command.productId
        claim(!isOther || state.products.get(productId) === product, 'another product stays')
      }
      const hold = command.type === 'PlaceOrder' ? state.holds.get(command.holdId) : undefined
      checkLateness(decided, hold)
      for (const change of changes) if (change.entity === 'order') settleKept(change, decided)
    },
    always: (): void => {
      for (const product of state.products.values()) checkCounters(product)
      checkMoney(state)
    },
  }
}

/** Each captured payment pays one order, or goes back once. */
function checkMoney(state: State): void {
  for (const order of state.orders.values()) checkPayments(state, order)
  const perReference = new Map<string, Set<string>>()
  const end = (reference: string | null, where: string) => {
    if (reference === null) return
    perReference.set(reference, (perReference.get(reference) ?? new Set()).add(where))
  }
  for (const order of state.orders.values()) {
    for (const payment of order.payments) {
      if (payment.status === 'captured') end(payment.reference, `pays ${order.orderId}`)
      if (payment.status === 'refund_due') end(payment.reference, 'goes back')
      if (payment.status === 'refunded') end(payment.reference, 'goes back')
    }
  }
  for (const reference of state.refundedReferences.keys()) end(reference, 'goes back')
  for (const event of state.events.values()) {
    if (event.kind !== 'succeeded' || event.state !== 'done' || !event.paymentRef) continue
    const ends = [...(perReference.get(event.paymentRef) ?? [])]
    claim(ends.length === 1, 'captured money ends in exactly one way', { event, ends })
  }
}

const REFUND_OF: Readonly<Record<Payment['status'], readonly string[]>> = {
  named: [],
  captured: [],
  refund_due: ['due', 'sent'],
  refunded: ['done', 'none'],
}

function checkPayments(state: State, order: Order): void {
  const captured = order.payments.filter((each) => each.status === 'captured')
  const own = order.ownPayment === null ? undefined : order.payments[order.ownPayment]
  const isPaid = order.status === 'paid'
  claim(captured.length === (isPaid ? 1 : 0), 'an order is paid by one payment', order)
  if (isPaid) claim(own?.status === 'captured', 'what pays an order is its own', order)
  if (order.status === 'refund_due') claim(own?.status === 'refund_due', 'late money is due', order)
  const isBack = own?.status === 'refunded'
  // Refunded before its success was told, which then told of more.
  const isMore = own?.status === 'refund_due' && order.paymentDueAtMs === null
  if (order.status === 'refunded') claim(isBack || isMore, 'its own money is back', order)
  const hold = state.holds.get(order.holdId)
  claim(hold?.orderId === order.orderId && hold.status === 'ordered', 'a hold has one order', order)
  order.payments.forEach((payment, index) => {
    const refund = state.refunds.get(`${order.orderId.replace('ord_', 'rfd_')}_${index}`)
    const status = refund?.status ?? 'none'
    const allowed = REFUND_OF[payment.status]
    claim(
      allowed.length === 0 ? status === 'none' : allowed.includes(status),
      'a payment has its one refund',
      { payment, refund },
    )
  })
}
