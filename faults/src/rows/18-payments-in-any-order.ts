import { findOrder } from '@flashlane/db'
import { sql } from 'kysely'
import { randomBytes } from 'node:crypto'
import { drawX, formatId } from '@flashlane/core'
import { signStandard } from '../../../tests/support/webhooks.ts'
import { until } from '../../../tests/support/until.ts'
import { cancelByHand, holdByHand, type Order, orderByHand } from '../load/by-hand.ts'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 3_000
const EVENTS = 5
const TTL_S = 3
const PARKED_TTL_S = 20
const EXPIRED_MS_MAX = 15_000
const ENDED_MS_MAX = 40_000

type Case = (scene: Scene, name: string) => Promise<void>

/** What each must come to is the table of the payments' rules; that money adds up, C7 tells. */
const CASES: Readonly<Record<string, Case>> = {
  async 'five events of one payment at once, each told again in another order'(scene, name) {
    const { load, random } = scene
    const order = await orderByHand(load, { name, product: await plenty(scene) })
    const tell = () => load.provider.captureAndTell(order)
    await Promise.all(Array.from({ length: EVENTS }, tell))
    const told = load.recorder.operations.filter(({ body }) =>
      String(body).includes(`"${order.reference}"`),
    )
    const events = told.flatMap(({ op, key, body }) =>
      op === 'webhook' && key !== null ? [{ key, body: String(body) }] : [],
    )
    await Promise.all(random.shuffle(events).map((event) => tellAgain(scene, order, event)))
    await endsAs(scene, order, 'paid')
  },
  async 'before its order'(scene, name) {
    const { load, demand } = scene
    const product = await plenty(scene)
    const holdId = await holdByHand(load, { name, product })
    const money = { reference: `pi_${name}`, amount: PRICE, currency: 'USD' }
    await load.provider.captureAndTell({ ...money, product, names: { hold_id: holdId } })
    const order = await orderByHand(load, { name, product, holdId })
    demand(order.body['status'] === 'paid', `${name}: born as ${String(order.body['status'])}`)
  },
  async 'after the expiry'(scene, name) {
    const { load } = scene
    const order = await orderByHand(load, { name, product: await plenty(scene), ttlS: TTL_S })
    await endsAs(scene, order, 'expired', EXPIRED_MS_MAX)
    await load.provider.captureAndTell(order)
    await endsAs(scene, order, 'paid')
  },
  async 'after the expiry, and all is sold'(scene, name) {
    const { load } = scene
    const product = await one(scene)
    const order = await orderByHand(load, { name, product, ttlS: TTL_S })
    await endsAs(scene, order, 'expired', EXPIRED_MS_MAX)
    await holdByHand(load, { name: `${name}-other`, product })
    await load.provider.captureAndTell(order)
    await endsAs(scene, order, 'refund_due')
  },
  async 'after the cancellation'(scene, name) {
    const { load } = scene
    const order = await orderByHand(load, { name, product: await plenty(scene) })
    await cancelByHand(load, { ...order, name })
    await load.provider.captureAndTell(order)
    await endsAs(scene, order, 'paid')
  },
  async 'after the cancellation, and all is sold'(scene, name) {
    const { load } = scene
    const product = await one(scene)
    const order = await orderByHand(load, { name, product })
    await cancelByHand(load, { ...order, name })
    await holdByHand(load, { name: `${name}-other`, product })
    await load.provider.captureAndTell(order)
    await endsAs(scene, order, 'refund_due')
  },
  async 'of a wrong amount'(scene, name) {
    const { load } = scene
    const order = await orderByHand(load, { name, product: await plenty(scene) })
    await load.provider.captureAndTell({ ...order, amount: order.amount + 1 })
    await eventEndsAs(scene, order.reference, 'payment_mismatch')
    await endsAs(scene, order, 'pending')
  },
  async 'of an order that never comes'(scene, name) {
    const product = await plenty(scene)
    const orderId = formatId('ord', product, drawX(Date.now(), randomBytes(10)))
    const money = { reference: `pi_${name}`, amount: PRICE, currency: 'USD' }
    await scene.load.provider.captureAndTell({ ...money, product, names: { order_id: orderId } })
    await eventEndsAs(scene, money.reference, 'orphan_payment')
  },
}

const PRICE = 4_900
const plenty = ({ stage }: Scene) => stage.product({ stock: 10, price: PRICE })
const one = ({ stage }: Scene) => stage.product({ stock: 1, price: PRICE })

export const paymentsInAnyOrder: Row = {
  id: 18,
  title: 'Payments at any time, in any order, more than once',
  fault: 'x5 and shuffled, before the order, after expiry and cancellation, wrong amount, no order',
  stage: { env: { PAYMENT_DUE_S: '1', PARKED_TTL_S: String(PARKED_TTL_S) } },
  async run(scene) {
    for (const what of Object.keys(CASES)) scene.note(`a payment ${what}`)
    await Promise.all(
      Object.values(CASES).map((play, nth) => play(scene, `payment-case-${nth + 1}`)),
    )
    await scene.recovers('all these payments', RECOVERY_MS)
    await scene.sells(30)
  },
}

type Event = { readonly key: string; readonly body: string }

async function tellAgain({ stage, load, demand }: Scene, { product }: Order, event: Event) {
  const { key, body } = event
  const answer = await load.recorder.send(
    stage.apiUrl(),
    { op: 'webhook', process: `again-${key}`, product, key },
    { path: '/api/payments/webhook', ...signStandard(key, body, { secret: stage.webhookSecret }) },
  )
  const status = answer?.status ?? 503
  demand(status < 300 || status === 503, `${key}, told again, was answered ${status}`)
}

async function endsAs(
  { stage, patience }: Scene,
  { orderId }: Order,
  status: string,
  msMax = ENDED_MS_MAX,
): Promise<void> {
  await until(async () => (await findOrder(stage.database, orderId))?.order.status === status, {
    withinMs: msMax * patience,
    what: `${orderId} is ${status}`,
  })
}

async function eventEndsAs({ stage, patience }: Scene, reference: string, result: string) {
  async function hasEnded(): Promise<boolean> {
    const { rows } = await sql<{ result: string | null }>`
      select result from payment_events where payment_ref = ${reference}
    `.execute(stage.database.db)
    return rows.some((row) => row.result === result)
  }
  const withinMs = ENDED_MS_MAX * patience
  await until(hasEnded, { withinMs, what: `the event of ${reference} is ${result}` })
}
