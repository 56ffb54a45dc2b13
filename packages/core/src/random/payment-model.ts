/**
 * The payment table once more, read from the contract and not from the rules: slow, mutable, one product, no clock.
 * Where this and `decide` differ, one of them has misread it.
 */
import type { OrderStatus, PaymentKind, PaymentResult } from '../state.ts'

type Money = 'unseen' | 'pays' | 'owed' | 'given back'
type Payment = {
  reference: string | null
  money: Money
  /** By a success; until then its sum is taken to be the order's. */
  isTold: boolean
  amount: number
  currency: string
  /** null is all of it. */
  readonly parts: Map<string, number | null>
}
type Order = {
  readonly name: string
  readonly units: number
  readonly amount: number
  readonly isOnline: boolean
  status: OrderStatus
  own: Payment | null
  readonly payments: Payment[]
}
export type ModelEvent = {
  readonly key: string
  readonly kind: PaymentKind
  readonly order: string
  readonly reference: string | null
  readonly amount: number | null
  readonly currency: string | null
  readonly refundId: string | null
  readonly releases: boolean
  readonly restocks: boolean
}

type Row = 'success, same payment' | 'success, another payment' | 'failed' | 'refunded'
type Cell = 'no-op' | 'paid' | 're-take' | 'refund due' | 'cancelled' | 'recorded' | 'refunded'

// biome-ignore format: a table reads by its columns
const TABLE: Readonly<Record<Row, Readonly<Record<OrderStatus, Cell>>>> = {
  'success, same payment': {
    pending: 'paid', paid: 'no-op', confirmed: 'paid', cancelled: 're-take', expired: 're-take',
    refund_due: 'no-op', refunded: 'no-op',
  },
  'success, another payment': {
    pending: 'paid', paid: 'refund due', confirmed: 'refund due', cancelled: 're-take',
    expired: 're-take', refund_due: 'refund due', refunded: 'refund due',
  },
  failed: {
    pending: 'cancelled', paid: 'no-op', confirmed: 'no-op', cancelled: 'no-op', expired: 'no-op',
    refund_due: 'no-op', refunded: 'no-op',
  },
  refunded: {
    pending: 'recorded', paid: 'refunded', confirmed: 'refunded', cancelled: 'recorded',
    expired: 'recorded', refund_due: 'refunded', refunded: 'no-op',
  },
}

const unseen = (reference: string | null, amount: number): Payment => ({
  reference,
  money: 'unseen',
  isTold: false,
  amount,
  currency: 'USD',
  parts: new Map(),
})

export function makePaymentModel(stock: number, price: number) {
  const orders = new Map<string, Order>()
  const parked: ModelEvent[] = []
  /** Every refund ever due, by what it gives back. */
  const refunds: { reference: string | null; amount: number; isDone: boolean; of: Payment }[] = []
  const counters = { stock, held: 0, sold: 0 }
  const free = () => counters.stock - counters.held - counters.sold

  const ownerOf = (reference: string): Order | undefined =>
    [...orders.values()].find((order) =>
      order.payments.some((payment) => payment.reference === reference),
    )

  const newPayment = (order: Order, reference: string | null): Payment => {
    const payment = unseen(reference, order.amount)
    order.payments.push(payment)
    order.own ??= payment
    return payment
  }

  /** The event's reference is the order's; without one it is the order's own; the first seen becomes the order's. */
  const paymentOf = (order: Order, { reference }: ModelEvent): Payment => {
    const known = order.payments.find((payment) => payment.reference === reference)
    if (reference === null) return order.own ?? newPayment(order, null)
    if (known) return known
    if (order.own?.reference === null) {
      order.own.reference = reference
      return order.own
    }
    return newPayment(order, reference)
  }

  const sum = ({ parts, amount }: Payment): number =>
    [...parts.values()].reduce<number>((total, part) => total + (part ?? amount), 0)

  const owe = (payment: Payment, reference: string | null): void => {
    payment.money = 'owed'
    payment.isTold = true
    refunds.push({ reference, amount: payment.amount - sum(payment), isDone: false, of: payment })
  }

  const goesBack = (reference: string | null): boolean =>
    reference !== null && refunds.some((refund) => refund.reference === reference)

  const rowOf = (order: Order, payment: Payment): Row =>
    payment === order.own ? 'success, same payment' : 'success, another payment'

  const succeed = (order: Order, payment: Payment, event: ModelEvent): PaymentResult => {
    // A payment counts once, and one recorded as refunded pays nothing in any column.
    if (payment.isTold || goesBack(payment.reference)) return 'ignored'
    const amount = event.amount ?? order.amount
    const currency = event.currency ?? 'USD'
    const isWrong = amount !== order.amount || currency !== 'USD'
    if (payment.money === 'given back' && !isWrong) return 'ignored'
    if (currency !== payment.currency) {
      for (const [id, part] of payment.parts) if (part !== null) payment.parts.delete(id)
    }
    Object.assign(payment, { amount, currency, isTold: isWrong })
    if (isWrong) {
      if (sum(payment) >= amount) payment.money = 'given back'
      else owe(payment, payment.reference)
      return 'payment_mismatch'
    }
    const cell = TABLE[rowOf(order, payment)][order.status]
    if (cell === 'no-op') return 'ignored'
    if (cell === 'refund due') {
      owe(payment, payment.reference)
      return 'refund_due'
    }
    order.own = payment
    if (cell === 're-take' && free() < order.units) {
      order.status = 'refund_due'
      owe(payment, payment.reference)
      return 'refund_due'
    }
    if (order.status === 'pending') counters.held -= order.units
    if (order.status !== 'confirmed') counters.sold += order.units
    order.status = 'paid'
    payment.money = 'pays'
    payment.isTold = true
    return cell === 're-take' ? 'late_retaken' : 'applied'
  }

  const fail = (order: Order, payment: Payment, event: ModelEvent): PaymentResult => {
    const isOwn = payment === order.own
    if (TABLE.failed[order.status] === 'no-op' || !isOwn || !event.releases) return 'ignored'
    order.status = 'cancelled'
    counters.held -= order.units
    return 'applied'
  }

  const giveBack = (order: Order, payment: Payment, event: ModelEvent): PaymentResult => {
    const part = event.refundId ?? event.key
    const isBack = payment.money === 'given back'
    if ((isBack && payment.isTold) || payment.parts.has(part)) return 'ignored'
    const currency = event.amount === null ? payment.currency : (event.currency ?? payment.currency)
    const isBlank = payment.money === 'unseen' && payment.parts.size === 0
    if (currency !== payment.currency && !isBlank) return 'payment_mismatch'
    payment.currency = currency
    payment.parts.set(part, event.amount ?? (payment.isTold ? payment.amount : null))
    if (isBack) return 'ignored'
    if ((!payment.isTold && currency !== 'USD') || sum(payment) < payment.amount) return 'applied'
    payment.money = 'given back'
    for (const refund of refunds) if (refund.of === payment) refund.isDone = true
    if (payment !== order.own || TABLE.refunded[order.status] !== 'refunded') return 'applied'
    const isSold = order.status === 'paid' || order.status === 'confirmed'
    if (isSold && event.restocks) counters.sold -= order.units
    order.status = 'refunded'
    // Nobody remembers whether what was to be paid on delivery was told of, unless it is owed.
    if (!order.isOnline) payment.isTold = refunds.some((refund) => refund.of === payment)
    return 'applied'
  }

  const contradict = (order: Order, owner: Order, event: ModelEvent): PaymentResult => {
    const theirs = owner.payments.find((payment) => payment.reference === event.reference)
    const owedHere = refunds.find(
      (refund) => refund.reference === event.reference && order.payments.includes(refund.of),
    )
    if (event.kind === 'refunded' && owedHere) return giveBack(order, owedHere.of, event)
    if (event.kind === 'succeeded' && theirs?.money === 'unseen' && !goesBack(event.reference)) {
      const amount = event.amount ?? order.amount
      const stray = { ...unseen(null, amount), currency: event.currency ?? 'USD' }
      order.payments.push(stray)
      owe(stray, event.reference)
    }
    return 'payment_mismatch'
  }

  const apply = (order: Order, event: ModelEvent): PaymentResult => {
    const owner = event.reference === null ? undefined : ownerOf(event.reference)
    if (owner && owner !== order) return contradict(order, owner, event)
    const payment = paymentOf(order, event)
    if (event.kind === 'succeeded') return succeed(order, payment, event)
    if (event.kind === 'failed') return fail(order, payment, event)
    return giveBack(order, payment, event)
  }

  return {
    orders,
    refunds,
    counters,
    event(event: ModelEvent): PaymentResult {
      const order = orders.get(event.order)
      if (order) return apply(order, event)
      parked.push(event)
      return 'parked'
    },
    /** A hold and its order in one; false where the hold was refused, or the reference is another's. */
    place(
      name: string,
      units: number,
      { reference, isOnline }: { reference: string | null; isOnline: boolean },
    ): 'placed' | 'refused' | 'held' {
      if (free() < units) return 'refused'
      if (reference !== null && ownerOf(reference)) {
        counters.held += units
        return 'held'
      }
      const status = isOnline ? 'pending' : 'confirmed'
      const amount = units * price
      const order: Order = { name, units, amount, isOnline, status, own: null, payments: [] }
      if (isOnline) counters.held += units
      else counters.sold += units
      orders.set(name, order)
      if (reference !== null) newPayment(order, reference)
      for (const event of parked.splice(0)) {
        if (event.order === name) apply(order, event)
        else parked.push(event)
      }
      return 'placed'
    },
    cancel(name: string): void {
      const order = orders.get(name)
      if (order?.status !== 'pending' && order?.status !== 'confirmed') return
      if (order.status === 'pending') counters.held -= order.units
      else counters.sold -= order.units
      order.status = 'cancelled'
    },
    expire(name: string): void {
      const order = orders.get(name)
      if (order?.status !== 'pending') return
      order.status = 'expired'
      counters.held -= order.units
    },
    restock(to: number): void {
      if (to >= counters.held + counters.sold) counters.stock = to
    },
  }
}
