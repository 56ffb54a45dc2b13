import { EXPIRY_GRACE_MS } from '@flashlane/core'
import { findOrder } from '@flashlane/db'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../tests/support/until.ts'
import { cancelByHand, type Order, orderByHand } from '../load/by-hand.ts'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 3_000
const ORDERS = 60
/** The shortest there is: an order is due when its hold would have been. */
const TTL_S = 3
const IN_TIME_MS = 1_000
const SETTLED_MS_MAX = 30_000
/** They take each unit that comes free, so that late money finds none. */
const GRABBERS = 3

type Due = { readonly nth: number; readonly order: Order; readonly dueMs: number }

/** When an order is paid and cancelled, in milliseconds from its deadline; its expiry comes by itself. */
type Fate = {
  readonly pays: number | null
  readonly cancels: number | null
  readonly ends: readonly string[]
}

/** An order expires when the grace is over, too. */
const FATES: readonly Fate[] = [
  { pays: -IN_TIME_MS, cancels: null, ends: ['paid'] },
  { pays: -IN_TIME_MS, cancels: -IN_TIME_MS, ends: ['paid', 'refund_due'] },
  { pays: 0, cancels: 0, ends: ['paid', 'refund_due'] },
  { pays: EXPIRY_GRACE_MS, cancels: EXPIRY_GRACE_MS, ends: ['paid', 'refund_due'] },
  { pays: EXPIRY_GRACE_MS, cancels: null, ends: ['paid', 'refund_due'] },
  { pays: null, cancels: EXPIRY_GRACE_MS, ends: ['cancelled', 'expired'] },
]

const fateOf = ({ nth }: Due): Fate =>
  FATES[nth % FATES.length] ?? { pays: null, cancels: null, ends: [] }

export const sameInstant: Row = {
  id: 21,
  title: 'Expiry, payment and cancellation at once',
  fault: `${ORDERS} orders are paid and cancelled in the millisecond in which they come due, or expire`,
  stage: { env: { PAYMENT_DUE_S: '1' } },
  async run(scene) {
    const { stage, note, sells, recovers, demand } = scene
    const product = await stage.product({ stock: ORDERS })
    const orders = await Promise.all(
      Array.from({ length: ORDERS }, (_, nth) => placeOrder(scene, product, nth)),
    )
    const isOver = new AbortController()
    const grabbers = Array.from({ length: GRABBERS }, (_, nth) =>
      grab(scene, { name: `grabber-${nth}`, product, signal: isOver.signal }),
    )
    note(`${ORDERS} orders come due, are paid and are cancelled at once`)
    const wasInTime = await Promise.all(orders.map((order) => meet(scene, order)))
    await recovers('all at once', RECOVERY_MS)
    await sells(30)

    for (const [n, due] of orders.entries()) {
      const status = await endOf(scene, due)
      const { ends, cancels } = fateOf(due)
      demand(ends.includes(status), `order ${n} is ${status}, not ${ends.join(' or ')}`)
      if (wasInTime[n] !== true || cancels !== null) continue
      demand(status === 'paid', `order ${n} was paid in time, and is ${status}`)
    }
    isOver.abort()
    await Promise.all(grabbers)
  },
}

async function placeOrder({ load }: Scene, product: number, nth: number): Promise<Due> {
  const order = await orderByHand(load, { name: `meets-${nth}`, product, ttlS: TTL_S })
  // The database tells this machine's time.
  return { nth, order, dueMs: Date.parse(String(order.body['payment_due_at'])) }
}

type Grabber = { readonly name: string; readonly product: number; readonly signal: AbortSignal }

async function grab({ load }: Scene, { name, product, signal }: Grabber): Promise<void> {
  for (let nth = 1; !signal.aborted; nth++) {
    const request = {
      path: '/api/holds',
      body: { product_id: product, qty: 1, customer_ref: name },
    }
    await load.execute({ op: 'hold', process: name, product, key: `${name}-${nth}`, request })
    await sleep(20)
  }
}

/** True where the payment was taken before the deadline. */
async function meet({ load }: Scene, due: Due): Promise<boolean> {
  const { pays, cancels } = fateOf(due)
  const { nth, order, dueMs } = due
  const at = (ms: number) => sleep(Math.max(0, dueMs + ms - Date.now()))
  const pay = async () => {
    if (pays === null) return false
    await at(pays)
    const answer = await load.provider.captureAndTell(order)
    return answer !== null && answer.status < 300 && Date.now() < dueMs
  }
  const cancel = async () => {
    if (cancels === null) return
    await at(cancels)
    await cancelByHand(load, { ...order, name: `cancels-${nth}` })
  }
  const [wasInTime] = await Promise.all([pay(), cancel()])
  return wasInTime
}

async function endOf({ stage, patience }: Scene, { nth, order }: Due): Promise<string> {
  const withinMs = SETTLED_MS_MAX * patience
  const what = `order ${nth} has come to its end`
  const status = async () => (await findOrder(stage.database, order.orderId))?.order.status
  await until(async () => (await status()) !== 'pending', { withinMs, what })
  return (await status()) ?? 'unknown'
}
