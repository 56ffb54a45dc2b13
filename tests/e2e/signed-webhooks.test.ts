/** Webhooks that must be signed, through real processes: what is forged leaves no trace, and what is signed counts once. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import type { Answer } from '../support/http.ts'
import { countersOf, distinct, placeHold, placeOrder } from '../support/shop.ts'
import {
  aStandardSecret,
  aStripeEvent,
  aStripeSecret,
  type Signed,
  signStandard,
  signStripe,
} from '../support/webhooks.ts'

const PRICE = 4_900
const MINUTE_MS = 60_000
const GENERIC = '/api/payments/webhook'
const STANDARD = '/api/webhooks/standard'
const STRIPE = '/api/v1/webhooks/stripe'

const current = aStandardSecret()
const previous = 'characters-as-they-are'
const stripeCurrent = aStripeSecret()
const stripePrevious = aStripeSecret()

let flashlane: Flashlane
let productId: number

beforeAll(async () => {
  flashlane = await startFlashlane({
    apis: 2,
    env: {
      WEBHOOK_SECRET: `${current}, ${previous}`,
      STRIPE_WEBHOOK_SECRET: `${stripeCurrent},${stripePrevious}`,
    },
  })
  productId = await flashlane.product({ stock: 1_000, price: PRICE })
})
afterAll(() => flashlane.stop())

const send = (path: string, { body, headers }: Signed, api: Api = flashlane.api()) =>
  api.post(path, body, headers)

async function buy(): Promise<string> {
  const holdId = await placeHold(flashlane, { product_id: productId })
  return placeOrder(flashlane, { hold_id: holdId })
}

const orderOf = async (orderId: string): Promise<Answer['body']> =>
  (await flashlane.api().get(`/api/orders/${orderId}`)).body

async function eventsInMysql(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) n from payment_events`.execute(
    flashlane.database.db,
  )
  return Number(rows[0]?.n)
}

let drawn = 0
const aRef = () => `pi_${++drawn}_of_${productId}`

const paid = (orderId: string) => ({
  type: 'payment.succeeded',
  timestamp: new Date().toISOString(),
  data: { order_id: orderId, payment_intent_id: aRef(), amount: PRICE, currency: 'USD' },
})
const told = (orderId: string) => ({ order_id: orderId, status: 'success', amount: PRICE })
const intentPaid = (orderId: string, over: object = {}) =>
  aStripeEvent('payment_intent.succeeded', {
    id: aRef(),
    object: 'payment_intent',
    amount: PRICE,
    amount_received: PRICE,
    currency: 'usd',
    metadata: { order_id: orderId },
    ...over,
  })

type Sign = (
  event: object | string,
  attempt?: { secret?: string; atMs?: number; id?: string },
) => Signed

/** Each way in, with an event that pays an order and how it is signed. */
const ways: [string, (orderId: string) => object, Sign, { old: string; wrong: string }][] = [
  [
    GENERIC,
    told,
    (event, { secret = current, id = `msg ${++drawn}`, ...at } = {}) =>
      signStandard(id, event, { secret, ...at }),
    { old: previous, wrong: aStandardSecret() },
  ],
  [
    STANDARD,
    paid,
    (event, { secret = current, id = `msg ${++drawn}`, ...at } = {}) =>
      signStandard(id, event, { secret, ...at }),
    { old: previous, wrong: aStandardSecret() },
  ],
  [
    STRIPE,
    intentPaid,
    (event, { secret = stripeCurrent, ...at } = {}) =>
      signStripe(event, { secret, ...(at.atMs === undefined ? {} : { atMs: at.atMs }) }),
    { old: stripePrevious, wrong: aStripeSecret() },
  ],
]

describe.each(ways)('%s', (path, pay, sign, secrets) => {
  test('what is not signed as it must be is 401, and leaves neither a row nor an effect', async () => {
    const orderId = await buy()
    const event = pay(orderId)
    const { body, headers } = sign(event)
    const rewritten = JSON.stringify(JSON.parse(body), null, 1)
    const before = await eventsInMysql()

    const answers = await Promise.all([
      send(path, { body, headers: { 'idempotency-key': 'evt' } }),
      send(path, {
        body,
        headers: { 'stripe-signature': 't=1,v1=00', 'webhook-signature': 'v1,AA' },
      }),
      send(path, sign(event, { secret: secrets.wrong })),
      send(path, sign(event, { atMs: Date.now() - 6 * MINUTE_MS })),
      send(path, sign(event, { atMs: Date.now() + 6 * MINUTE_MS })),
      send(path, { body: rewritten, headers }),
      send(path, { body: `${body} `, headers }),
    ])

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401))
    for (const answer of answers) {
      expect(answer.body).toMatchObject({ code: 'signature_invalid', instance: path })
    }
    expect(await eventsInMysql()).toBe(before)
    expect((await orderOf(orderId))['status']).toBe('pending')
  })

  test('signed with the current or the previous secret, it pays', async () => {
    const [first, second] = [await buy(), await buy()]

    const answers = [
      await send(path, sign(pay(first))),
      await send(path, sign(pay(second), { secret: secrets.old })),
    ]

    expect(
      answers.map(({ status, body }) => [status, body['result'], body['order_status']]),
    ).toEqual([
      [200, 'applied', 'paid'],
      [200, 'applied', 'paid'],
    ])
    expect((await orderOf(first))['status']).toBe('paid')
    expect((await orderOf(second))['status']).toBe('paid')
  })

  test('a replay of the very bytes is a duplicate, through whichever process', async () => {
    const orderId = await buy()
    const signed = sign(pay(orderId))
    await send(path, signed)
    const before = await eventsInMysql()

    const replays = await Promise.all(Array.from({ length: 10 }, () => send(path, signed)))

    expect(distinct(replays)).toEqual([
      `200 ${JSON.stringify({ status: 'ok', result: 'duplicate', order_id: orderId, order_status: 'paid' })}`,
    ])
    expect(await eventsInMysql()).toBe(before)
    expect((await orderOf(orderId))['refund']).toBeUndefined()
  })

  test('an attempt signed anew is believed, however old the event in it is', async () => {
    const orderId = await buy()
    const monthAgo = { created: 1, timestamp: '2026-01-01T00:00:00Z' }

    const id = `msg ${++drawn}`
    const event = { ...pay(orderId), ...monthAgo }
    const first = await send(path, sign(event, { id, atMs: Date.now() - 4 * MINUTE_MS }))
    const again = await send(path, sign(event, { id, secret: secrets.old }))

    expect(first.body).toMatchObject({ result: 'applied', order_status: 'paid' })
    expect(again.body).toMatchObject({ result: 'duplicate', order_status: 'paid' })
  })

  test('a wrong amount does not pay, and its money goes back', async () => {
    const orderId = await buy()
    const { held } = await countersOf(flashlane, productId)
    const text = JSON.stringify(pay(orderId)).replaceAll(`:${PRICE}`, `:${PRICE - 1}`)

    const { body } = await send(path, sign(text))

    expect(body).toMatchObject({ result: 'payment_mismatch', order_status: 'pending' })
    expect(await orderOf(orderId)).toMatchObject({
      status: 'pending',
      refund: { amount: PRICE - 1, currency: 'USD', status: 'due', reason: 'payment_mismatch' },
    })
    expect((await countersOf(flashlane, productId)).held).toBe(held)
  })

  test('what cannot be parsed is 400, and only told to who has signed it', async () => {
    expect((await send(path, sign('{"id":'))).status).toBe(400)
    expect((await send(path, sign('{"id":', { secret: secrets.wrong }))).status).toBe(401)
  })
})

describe('Stripe', () => {
  const stripe = (event: object) => send(STRIPE, signStripe(event, { secret: stripeCurrent }))

  test('another currency does not pay, though the number is right', async () => {
    const orderId = await buy()

    const { body } = await stripe(intentPaid(orderId, { currency: 'jpy' }))

    expect(body).toMatchObject({ result: 'payment_mismatch', order_status: 'pending' })
    expect(await orderOf(orderId)).toMatchObject({ refund: { amount: PRICE, currency: 'JPY' } })
  })

  test('the same delivery, after Stripe has counted down what is pending, is a duplicate', async () => {
    const orderId = await buy()
    const event = intentPaid(orderId)

    const first = await stripe({ ...event, pending_webhooks: 2 })
    const again = await stripe({ ...event, pending_webhooks: 1 })

    expect(first.body['result']).toBe('applied')
    expect(again.body['result']).toBe('duplicate')
  })

  test('a checkout session and its payment intent are one payment', async () => {
    const orderId = await buy()
    const ref = aRef()
    const session = {
      id: `cs_${ref}`,
      object: 'checkout.session',
      client_reference_id: orderId,
      metadata: {},
      payment_intent: ref,
      payment_status: 'unpaid',
      amount_total: PRICE,
      currency: 'usd',
    }

    const unpaid = await stripe(aStripeEvent('checkout.session.completed', session))
    const pending = await orderOf(orderId)
    const settled = { ...session, payment_status: 'paid' }
    const paidLater = await stripe(
      aStripeEvent('checkout.session.async_payment_succeeded', settled),
    )
    const intent = await stripe(intentPaid(orderId, { id: ref }))

    expect(unpaid.body).toMatchObject({ result: 'ignored' })
    expect(pending['status']).toBe('pending')
    expect(paidLater.body).toMatchObject({ result: 'applied', order_status: 'paid' })
    expect(intent.body).toMatchObject({ result: 'ignored', order_status: 'paid' })
    expect((await orderOf(orderId))['payments']).toHaveLength(1)
  })

  test('a session that expires gives its units back', async () => {
    const orderId = await buy()
    const expired = {
      payment_intent: null,
      payment_status: 'unpaid',
      metadata: { order_id: orderId },
    }

    const { body } = await stripe(aStripeEvent('checkout.session.expired', expired))

    expect(body).toMatchObject({ result: 'applied', order_status: 'cancelled' })
  })

  test('parts of a refund count once each, and the whole settles the order', async () => {
    const orderId = await buy()
    const ref = aRef()
    await stripe(intentPaid(orderId, { id: ref }))
    const part = { object: 'refund', payment_intent: ref, currency: 'usd', metadata: {} }
    const first = { ...part, id: `re_1_${ref}`, amount: 1_000, status: 'succeeded' }
    const second = { ...part, id: `re_2_${ref}`, amount: PRICE - 1_000, status: 'pending' }
    const charge = { object: 'charge', payment_intent: ref, currency: 'usd', metadata: {} }

    await stripe(aStripeEvent('refund.created', first))
    await stripe(
      aStripeEvent('charge.refunded', { ...charge, amount_refunded: 1_000, refunded: false }),
    )
    await stripe(aStripeEvent('refund.updated', first))
    await stripe(aStripeEvent('refund.created', second))
    const partly = await orderOf(orderId)
    await stripe(aStripeEvent('refund.updated', { ...second, status: 'succeeded' }))
    const wholly = await orderOf(orderId)
    await stripe(
      aStripeEvent('charge.refunded', { ...charge, amount_refunded: PRICE, refunded: true }),
    )

    expect(partly).toMatchObject({ status: 'paid', payments: [{ refunded: 1_000 }] })
    expect(wholly).toMatchObject({ status: 'refunded', payments: [{ refunded: PRICE }] })
    expect((await orderOf(orderId))['payments']).toEqual(wholly['payments'])
  })

  test('an event of a type that is nobody’s is 200 and ignored', async () => {
    const { status, body } = await stripe(aStripeEvent('customer.created', { id: 'cus_1' }))

    expect([status, body['result']]).toEqual([200, 'ignored'])
  })
})

test('without secrets, Stripe’s events and Standard Webhooks are refused, and the log warns', async () => {
  const open = await flashlane.startApi({ WEBHOOK_SECRET: '', STRIPE_WEBHOOK_SECRET: '' })
  const orderId = await buy()
  const before = await eventsInMysql()

  const stripe = await send(
    STRIPE,
    signStripe(intentPaid(orderId), { secret: stripeCurrent }),
    open,
  )
  const standard = await send(STANDARD, signStandard('m', paid(orderId), { secret: current }), open)

  expect([stripe.status, standard.status]).toEqual([401, 401])
  expect(stripe.body['detail']).toContain('STRIPE_WEBHOOK_SECRET is not set')
  expect(standard.body['detail']).toContain('WEBHOOK_SECRET is not set')
  expect(await eventsInMysql()).toBe(before)
  open.send('SIGTERM')
  await open.ended()
  expect(open.output()).toContain('whoever reaches /api/payments/webhook is believed')
})
