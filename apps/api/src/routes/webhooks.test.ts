import type { PaymentEvent } from '@flashlane/core'
import { createLog } from '@flashlane/log'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { BlankEnv } from 'hono/types'
import { Webhook } from 'standardwebhooks'
import { Stripe } from 'stripe'
import { expect, test } from 'vitest'
import type { Heard } from '../inbox.ts'
import type { PaymentNews } from '../webhooks/generic.ts'
import { createMetrics } from '../metrics.ts'
import { respondFault, Fault } from '../problem.ts'
import { makeVerifiers } from '../webhooks/verifiers.ts'
import { addPaymentRoutes } from './payments.ts'
import { addWebhookRoutes } from './webhooks.ts'

const NOW_MS = Date.now()
const NOW_S = Math.floor(NOW_MS / 1_000)
const CURRENT = Buffer.from('the current key of webhooks')
const PREVIOUS = Buffer.from('the previous key of webhooks')
const STRIPE_CURRENT = 'whsec_current_one'
const STRIPE_PREVIOUS = 'whsec_previous_one'
const BODY =
  '{ "id": "evt_1", "type": "payment_intent.succeeded", "status": "success",\n"data": {"object": {"id": "pi_1"}}}'

type Given = { keys?: Buffer[]; stripeSecrets?: string[]; nowMs?: number; heard?: Heard }

/** The webhooks' routes over an inbox that keeps what it is told. */
async function aShop({
  keys = [CURRENT, PREVIOUS],
  stripeSecrets = [STRIPE_CURRENT, STRIPE_PREVIOUS],
  nowMs = NOW_MS,
  heard = { kind: 'ignored' },
}: Given = {}) {
  const kept: PaymentNews[] = []
  const { log } = createLog({ process: 'api', level: 'silent' })
  const verifiers = await makeVerifiers({
    config: { WEBHOOK_SECRET: keys, STRIPE_WEBHOOK_SECRET: stripeSecrets },
    nowMs: () => nowMs,
    log,
  })
  const deps = {
    ...verifiers,
    inbox: async (news: PaymentNews) => {
      kept.push(news)
      return { command: { ...news } as never, heard }
    },
    findOrder: async () => ({ order: { status: 'paid' as const } }),
    metrics: createMetrics(),
    log,
  }
  const app = new OpenAPIHono<BlankEnv>()
  addWebhookRoutes(app, deps)
  addPaymentRoutes(app, deps)
  app.onError((error, c) => {
    if (error instanceof Fault) return respondFault(c, error)
    throw error
  })
  const post = (path: string, body: string | Uint8Array, headers: Record<string, string>) =>
    app.request(`/api${path}`, { method: 'POST', body, headers })
  return { post, kept }
}

type Signing = { key?: Buffer; atS?: number; id?: string; body?: string }

const standard = ({ key = CURRENT, atS = NOW_S, id = 'msg_1', body = BODY }: Signing = {}) => ({
  'webhook-id': Buffer.from(id).toString('latin1'),
  'webhook-timestamp': String(atS),
  'webhook-signature': new Webhook(key, { format: 'raw' }).sign(id, new Date(atS * 1_000), body),
})

const stripe = ({ secret = STRIPE_CURRENT, atS = NOW_S, body = BODY } = {}) => ({
  'stripe-signature': Stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret,
    timestamp: atS,
  }),
})

const STANDARD = '/webhooks/standard'
const STRIPE = '/webhooks/stripe'
const GENERIC = '/payments/webhook'

test.each<[string, string, Record<string, string>]>([
  ['the current secret', STANDARD, standard()],
  ['the previous secret', STANDARD, standard({ key: PREVIOUS })],
  ['an id beyond ASCII', STANDARD, standard({ id: 'é' })],
  // Its library looks at this machine's clock, which goes on.
  ['270 s ago', STANDARD, standard({ atS: NOW_S - 270 })],
  ['in 299 s', STANDARD, standard({ atS: NOW_S + 299 })],
  ['the current secret', GENERIC, standard()],
  ['the previous secret', GENERIC, standard({ key: PREVIOUS })],
  ['the current secret', STRIPE, stripe()],
  ['the previous secret', STRIPE, stripe({ secret: STRIPE_PREVIOUS })],
  ['300 s ago', STRIPE, stripe({ atS: NOW_S - 300 })],
  ['in 300 s', STRIPE, stripe({ atS: NOW_S + 300 })],
])('signed with %s: %s believes it', async (_what, path, headers) => {
  const { post, kept } = await aShop()

  const { status } = await post(path, BODY, headers)

  expect(status).toBe(200)
  expect(kept).toHaveLength(1)
})

const forged = { key: Buffer.from('a key that nobody knows') }
const rewritten = JSON.stringify(JSON.parse(BODY))

test.each<[string, string, Record<string, string>, string?]>([
  ['nothing', STANDARD, {}],
  ['no time', STANDARD, { ...standard(), 'webhook-timestamp': '' }],
  ['no number for a time', STANDARD, { ...standard(), 'webhook-timestamp': `${NOW_S}x` }],
  ['another secret', STANDARD, standard(forged)],
  ['no version', STANDARD, { ...standard(), 'webhook-signature': 'v1' }],
  ['another id', STANDARD, { ...standard(), 'webhook-id': 'msg_2' }],
  ['another time', STANDARD, { ...standard(), 'webhook-timestamp': String(NOW_S + 1) }],
  ['301 s ago', STANDARD, standard({ atS: NOW_S - 301 })],
  ['in 301 s', STANDARD, standard({ atS: NOW_S + 301 })],
  ['another body', STANDARD, standard(), rewritten],
  ['no body', STANDARD, standard(), ''],
  ['nothing', GENERIC, { 'idempotency-key': 'evt_1' }],
  ['another secret', GENERIC, standard(forged)],
  ['301 s ago', GENERIC, standard({ atS: NOW_S - 301 })],
  ['in 301 s', GENERIC, standard({ atS: NOW_S + 301 })],
  ['another body', GENERIC, standard(), rewritten],
  ['nothing', STRIPE, {}],
  ['no time', STRIPE, { 'stripe-signature': 'v1=0' }],
  ['no signature', STRIPE, { 'stripe-signature': `t=${NOW_S}` }],
  ['another secret', STRIPE, stripe({ secret: 'whsec_nobody_knows_it' })],
  [
    'another scheme',
    STRIPE,
    { 'stripe-signature': stripe()['stripe-signature'].replace('v1', 'v0') },
  ],
  ['301 s ago', STRIPE, stripe({ atS: NOW_S - 301 })],
  ['in 301 s', STRIPE, stripe({ atS: NOW_S + 301 })],
  [
    'a time put in front',
    STRIPE,
    { 'stripe-signature': `t=${NOW_S},${stripe({ atS: NOW_S - 301 })['stripe-signature']}` },
  ],
  [
    'a time put behind',
    STRIPE,
    { 'stripe-signature': `${stripe({ atS: NOW_S - 301 })['stripe-signature']},t=${NOW_S}` },
  ],
  ['another body', STRIPE, stripe(), rewritten],
  ['no body', STRIPE, stripe(), ''],
])(
  'signed with %s: %s refuses it, and nothing is kept',
  async (_what, path, headers, body = BODY) => {
    const { post, kept } = await aShop()

    const response = await post(path, body, headers)

    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Webhook-Signature')
    expect(await response.json()).toMatchObject({
      code: 'signature_invalid',
      instance: `/api${path}`,
    })
    expect(kept).toEqual([])
  },
)

test.each([
  [STANDARD, standard()],
  [GENERIC, standard()],
  [STRIPE, stripe()],
])('%s judges an attempt by the database’s clock, not by this machine’s', async (path, headers) => {
  for (const nowMs of [NOW_MS - 302_000, NOW_MS + 302_000]) {
    const { post, kept } = await aShop({ nowMs })

    const { status } = await post(path, BODY, headers)

    expect(status).toBe(401)
    expect(kept).toEqual([])
  }
})

test('one signature among several is enough', async () => {
  const { post } = await aShop()
  const others = `v1a,abc v1,abc ${standard()['webhook-signature']}`

  const { status } = await post(STANDARD, BODY, { ...standard(), 'webhook-signature': others })

  expect(status).toBe(200)
})

test('two bodies that differ in bytes are never one: a byte order mark counts', async () => {
  const { post, kept } = await aShop()
  const marked = Buffer.from(`\uFEFF${BODY}`)

  expect((await post(STANDARD, marked, standard())).status).toBe(401)
  expect((await post(STRIPE, marked, stripe())).status).toBe(401)
  expect((await post(STRIPE, Buffer.from([0x7b, 0xff]), stripe())).status).toBe(400)
  expect(kept).toEqual([])
})

test('a signed body that is no JSON is 400, since no retry can mend it', async () => {
  const { post } = await aShop()
  const body = '{'

  expect((await post(STANDARD, body, standard({ body }))).status).toBe(400)
  expect((await post(STRIPE, body, stripe({ body }))).status).toBe(400)
})

test('the key of a signed webhook is its signed id, whatever else it brings', async () => {
  const { post, kept } = await aShop()
  const headers = { ...standard(), 'idempotency-key': 'unsigned' }

  await post(GENERIC, BODY, headers)
  await post(STANDARD, BODY, headers)
  await post(STRIPE, BODY, { ...stripe(), 'idempotency-key': 'unsigned', 'webhook-id': 'unsigned' })

  expect(kept.map(({ provider, eventKey }) => `${provider} ${eventKey}`)).toEqual([
    'generic msg_1',
    'standard msg_1',
    'stripe evt_1',
  ])
})

test('without secrets the generic webhook alone believes whoever comes', async () => {
  const { post, kept } = await aShop({ keys: [], stripeSecrets: [] })

  const [generic, standards, stripes] = await Promise.all([
    post(GENERIC, BODY, {}),
    post(STANDARD, BODY, standard()),
    post(STRIPE, BODY, stripe()),
  ])

  expect(generic.status).toBe(200)
  expect(standards.status).toBe(401)
  expect(await standards.json()).toMatchObject({
    detail: expect.stringContaining('WEBHOOK_SECRET'),
  })
  expect(stripes.status).toBe(401)
  expect(await stripes.json()).toMatchObject({
    detail: expect.stringContaining('STRIPE_WEBHOOK_SECRET'),
  })
  expect(kept).toHaveLength(1)
})

test('an event that MySQL knows already is answered with its order and how that stands', async () => {
  const event = { bodyHash: 'another', state: 'done', orderId: 'ord_7_x' } as PaymentEvent
  const { post } = await aShop({ heard: { kind: 'known', event } })

  const answer = await post(STANDARD, BODY, standard())

  expect(await answer.json()).toEqual({
    status: 'ok',
    result: 'key_reused',
    order_id: 'ord_7_x',
    order_status: 'paid',
  })
})
