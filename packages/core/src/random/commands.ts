/** What a random step asks of a sale as it stands: a command, or something done beside the lane. */
import {
  aCancelOrder,
  aChangeProduct,
  aHash,
  anAdjustStock,
  anExpireDue,
  anExtendHold,
  anId,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aReleaseHold,
  aSettleRefund,
  dueIn,
  inInbox,
  type PaymentCommand,
} from '../builders.ts'
import type { Command } from '../command.ts'
import { parseId } from '../ids.ts'
import { eventId, type State } from '../state.ts'
import type { Act, Step } from './steps.ts'

export const PRODUCT_IDS = [7, 8] as const
const FIRST_NUMBER = { hold: 1_000_000, order: 2_000_000, other: 3_000_000 }

export function makeCommands(state: State) {
  const numbers = new Map<string, number>()
  const keyed: Command[] = []
  const payments: PaymentCommand[] = []

  const next = (kind: keyof typeof FIRST_NUMBER, productId: number): number =>
    numbers.get(`${kind} ${productId}`) ?? FIRST_NUMBER[kind]

  /** What every command has, with a number that is new for its kind and product. */
  const begin = (kind: keyof typeof FIRST_NUMBER, productId: number, isKeyed = false) => {
    const number = next(kind, productId)
    numbers.set(`${kind} ${productId}`, number + 1)
    const commandId = anId('cmd', number, productId)
    const key = isKeyed ? { fingerprint: aHash(commandId) } : {}
    return { number, head: { productId, commandId, ...key } }
  }

  const hold = (what: Act<'hold'>): Command => {
    const { head, number } = begin('hold', PRODUCT_IDS[what.product] ?? 7, what.keyed)
    const { quantity, ttlMs, customer, isPartial, replaces } = what
    return aPlaceHold({
      ...head,
      holdId: anId('hold', number, head.productId),
      quantity,
      ttlMs,
      customerRef: customer,
      ...(isPartial ? { allowPartial: true } : {}),
      ...(replaces ? { replaceExisting: true } : {}),
    })
  }

  const activeHolds = () => [...state.holds.values()].filter((each) => each.status === 'active')

  const extend = (what: Act<'extend'>): Command | null => {
    const active = activeHolds()
    const extended = at(what.pick % 5 > 0 && active.length > 0 ? active : state.holds, what.pick)
    if (!extended) return null
    const { extendMs, lifetimeMs } = what
    const { head } = begin('other', extended.productId, what.keyed)
    return anExtendHold(extended.holdId, { ...head, extendMs, lifetimeMs })
  }

  const change = (what: Act<'change'>, acceptedAtMs: number): Command => {
    const { price, currency, isPaused, startsInMs, endsInMs, maxPerHold, maxPerCustomer } = what
    const { head } = begin('other', PRODUCT_IDS[what.product] ?? 7, what.keyed)
    if (what.isPriceOnly) return aChangeProduct({ price, currency }, head)
    const saleStartsAtMs = startsInMs === null ? null : acceptedAtMs + startsInMs
    const saleEndsAtMs = endsInMs === null ? null : acceptedAtMs + endsInMs
    const window = { saleStartsAtMs, saleEndsAtMs }
    return aChangeProduct({ price, isPaused, ...window, maxPerHold, maxPerCustomer }, head)
  }

  const settle = (what: Act<'settle'>): Command | null => {
    const refund = at(state.refunds, what.pick)
    if (!refund) return null
    const { head } = begin('other', refund.productId, what.keyed)
    const others = at(state.orders, what.pick)
    const isOthers = what.isOthers && others?.productId === refund.productId
    const orderId = isOthers ? others.orderId : refund.orderId
    return aSettleRefund({ ...refund, orderId }, what.status, head)
  }

  const release = (what: Act<'release'>): Command | null => {
    const released = at(state.holds, what.pick)
    if (!released) return null
    return aReleaseHold(released.holdId, begin('other', released.productId, what.keyed).head)
  }

  const order = (what: Act<'order'>): Command | null => {
    const active = activeHolds()
    const ordered = at(what.pick % 5 > 0 && active.length > 0 ? active : state.holds, what.pick)
    if (!ordered) return null
    const { head, number } = begin('order', ordered.productId, what.keyed)
    return aPlaceOrder(ordered.holdId, {
      ...head,
      orderId: anId('ord', number, head.productId),
      paymentRef: what.reference === null ? null : `pi_${what.reference}`,
      customerRef: what.customer === 'the same' ? ordered.customerRef : what.customer,
      payment: what.isOnline ? 'online' : 'cash_on_delivery',
      paymentDueMs: what.dueMs,
    })
  }

  const cancel = (what: Act<'cancel'>): Command | null => {
    const cancelled = at(state.orders, what.pick)
    if (!cancelled) return null
    return aCancelOrder(cancelled.orderId, begin('other', cancelled.productId, what.keyed).head)
  }

  const adjust = (what: Act<'adjust'>): Command => {
    const { head } = begin('other', PRODUCT_IDS[what.product] ?? 7, what.keyed)
    return anAdjustStock(what.isDelta ? { delta: what.by } : { set: what.by + 3 }, head)
  }

  /** Which product's lane a payment names, and how. */
  const targetOf = (what: Act<'payment'>) => {
    const paid = at(state.orders, what.pick)
    const held = at(state.holds, what.pick)
    switch (what.target) {
      case 'order':
        return { productId: paid?.productId, orderId: paid?.orderId ?? null, holdId: null }
      case 'hold':
        return { productId: held?.productId, orderId: null, holdId: held?.holdId ?? null }
      case 'next': {
        const productId = held?.productId ?? 7
        const orderId = anId('ord', next('order', productId), productId)
        return { productId, orderId, holdId: null }
      }
      case 'reference':
        return { productId: undefined, orderId: null, holdId: null }
    }
  }

  const payment = (what: Act<'payment'>, acceptedAtMs: number): Command | null => {
    const paid = at(state.orders, what.pick)
    const own = paid?.payments[0]?.reference ?? null
    const named = typeof what.reference === 'number' ? `pi_${what.reference}` : null
    const { productId = 7, orderId, holdId } = targetOf(what)
    const { head, number } = begin('other', productId)
    const paymentRef = what.reference === 'own' ? own : named
    if (orderId === null && holdId === null && paymentRef === null) return null
    const command = aPayment(what.kind, {
      ...head,
      acceptedAtMs,
      eventKey: `event ${number} of ${productId}`,
      bodyHash: aHash(`body ${number} of ${productId}`),
      orderId,
      holdId,
      paymentRef,
      amount: { none: null, right: paid?.amount ?? 50, part: 20 }[what.amount],
      currency: what.currency,
      refundId: what.refundId,
      releaseOnFailure: what.releases,
      restockOnRefund: what.restocks,
    })
    payments.push(command)
    const sent = what.toInbox ? null : routed(command)
    if (!sent) state.events.set(eventId(command), inInbox(command))
    return sent
  }

  /** To the lane that its first name leads to. Without one it waits in the inbox. */
  const routed = (command: PaymentCommand): PaymentCommand | null => {
    if (command.orderId !== null || command.holdId !== null) return command
    const owner = state.referenceOwners.get(command.paymentRef ?? '')
    const productId = owner && parseId(owner.orderId)?.productId
    return productId ? { ...command, productId } : null
  }

  const carry = (what: Act<'carry'>): Command | null => {
    const command = at(
      payments.filter((each) => state.events.get(eventId(each))?.state === 'waiting'),
      what.pick,
    )
    return command && routed(command)
  }

  const resend = (what: Act<'resend'>, acceptedAtMs: number): Command | null => {
    const command = at(payments, what.pick)
    if (!command) return null
    const again = { ...command, acceptedAtMs }
    return routed(what.isAltered ? { ...again, bodyHash: aHash('altered') } : again)
  }

  /** What the api does to a parked success whose order never came. */
  const orphan = (what: Act<'orphan'>): void => {
    const isAlone = (reference: string | null) =>
      reference !== null &&
      !state.referenceOwners.has(reference) &&
      !state.refundedReferences.has(reference)
    const left = [...state.events.values()].filter(
      (each) => each.state !== 'done' && each.kind === 'succeeded' && isAlone(each.paymentRef),
    )
    const event = at(left, what.pick)
    if (event?.paymentRef === null || event?.paymentRef === undefined) return
    state.events.set(eventId(event), { ...event, state: 'done', result: 'refund_due' })
    state.refundedReferences.set(event.paymentRef, 'orphan')
  }

  const made = (what: Step['what'], acceptedAtMs: number): Command | null => {
    switch (what.act) {
      case 'hold':
        return hold(what)
      case 'extend':
        return extend(what)
      case 'change':
        return change(what, acceptedAtMs)
      case 'settle':
        return settle(what)
      case 'release':
        return release(what)
      case 'order':
        return order(what)
      case 'cancel':
        return cancel(what)
      case 'adjust':
        return adjust(what)
      case 'expire': {
        const { head } = begin('other', PRODUCT_IDS[what.product] ?? 7)
        return anExpireDue(dueIn(state, head.productId), acceptedAtMs, head)
      }
      case 'payment':
        return payment(what, acceptedAtMs)
      case 'carry':
        return carry(what)
      case 'resend':
        return resend(what, acceptedAtMs)
      case 'repeat':
        return at(keyed, what.pick)
      case 'orphan':
        orphan(what)
        return null
    }
  }

  return (what: Step['what'], acceptedAtMs: number): Command | null => {
    const command = made(what, acceptedAtMs)
    if (!command) return null
    // An event keeps the time at which the api took it, whoever carries it.
    const sent = what.act === 'carry' ? command : { ...command, acceptedAtMs }
    if (sent.fingerprint !== undefined && what.act !== 'repeat') keyed.push(sent)
    return sent
  }
}

/** The latest are the most alive: picks lean towards the end. */
function at<Value>(values: readonly Value[] | ReadonlyMap<string, Value>, pick: number) {
  const list = 'length' in values ? values : [...values.values()]
  if (list.length === 0) return null
  return list[list.length - 1 - (pick % Math.min(list.length, 12))] ?? null
}
