import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import {
  aStripeEvent,
  aStripeSecret,
  signStandard,
  signStripe,
} from '../../../tests/support/webhooks.ts'
import { orderByHand } from '../load/by-hand.ts'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 3_000
const TOO_FAR_MS = 600_000
const REPLAYS = 9
const STRIPE_SECRET = aStripeSecret()
const GENERIC = '/api/payments/webhook'
const STANDARD = '/api/webhooks/standard'
const STRIPE = '/api/webhooks/stripe'

type Sent = {
  readonly what: string
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** All of one order, so that each would pay it if it were believed. */
function forgeries(secret: string, orderId: string): readonly Sent[] {
  const otherSecret = `whsec_${randomBytes(24).toString('base64')}`
  const nowMs = Date.now()
  const body = JSON.stringify({ order_id: orderId, status: 'success' })
  const standard = (what: string, over: Partial<Parameters<typeof signStandard>[2]> = {}) => {
    const id = `forged ${what}`.replaceAll(' ', '-')
    return { what, ...signStandard(id, body, { secret, ...over }) }
  }
  const valid = standard('nothing')
  const unsigned = { 'webhook-id': 'forged-unsigned', 'idempotency-key': 'forged-unsigned' }
  const generic = [
    { what: 'unsigned', body, headers: unsigned },
    { ...standard('cut'), headers: { ...valid.headers, 'webhook-signature': 'v1,' } },
    standard('wrong secret', { secret: otherSecret }),
    standard('ten minutes old', { atMs: nowMs - TOO_FAR_MS }),
    standard('of ten minutes hence', { atMs: nowMs + TOO_FAR_MS }),
    { ...valid, what: 'written anew', body: JSON.stringify(JSON.parse(body), null, 1) },
    { ...valid, what: 'another body', body: body.replace('success', 'failed') },
    { ...valid, what: 'another id', headers: { ...valid.headers, 'webhook-id': 'forged-other' } },
  ]
  return [
    ...[GENERIC, STANDARD].flatMap((path) => generic.map((each) => ({ ...each, path }))),
    ...stripeForgeries(orderId, nowMs).map((each) => ({ ...each, path: STRIPE })),
  ]
}

function stripeForgeries(orderId: string, nowMs: number) {
  const event = aStripeEvent('payment_intent.succeeded', {
    id: 'pi_forged',
    object: 'payment_intent',
    metadata: { order_id: orderId },
  })
  const valid = signStripe(event, { secret: STRIPE_SECRET })
  return [
    { what: 'unsigned', ...valid, headers: {} },
    { what: 'wrong secret', ...signStripe(event, { secret: aStripeSecret() }) },
    { what: 'old', ...signStripe(event, { secret: STRIPE_SECRET, atMs: nowMs - TOO_FAR_MS }) },
    { what: 'future', ...signStripe(event, { secret: STRIPE_SECRET, atMs: nowMs + TOO_FAR_MS }) },
    { what: 'written anew', ...valid, body: JSON.stringify(JSON.parse(valid.body)) },
  ]
}

async function tell({ stage, load }: Scene, sent: Sent, url = stage.apiUrl()) {
  const key = sent.headers['webhook-id'] ?? null
  return load.recorder.send(
    url,
    { op: 'webhook', process: 'forger', product: null, ...(key === null ? {} : { key }) },
    { path: sent.path, body: sent.body, headers: sent.headers },
  )
}

export const forgedWebhooks: Row = {
  id: 19,
  title: 'Webhooks that are not the provider’s, or not now',
  fault: 'unsigned, wrong secret, old and future, replayed, written anew; secrets are changed',
  // Some events are nobody’s: they end, so that the inbox is empty at last.
  stage: { env: { STRIPE_WEBHOOK_SECRET: STRIPE_SECRET, PARKED_TTL_S: '20' } },
  async run(scene) {
    const { stage, load, note, sells, recovers, demand } = scene
    const [product = 0] = load.products
    const { orderId } = await orderByHand(load, { name: 'forged', product })
    const sent = forgeries(stage.webhookSecret, orderId)
    note(`${sent.length} webhooks are forged`)
    for (const each of sent) {
      const answer = await tell(scene, each)
      demand(answer?.status === 401, `${each.path}, ${each.what}: ${answer?.status}, not 401`)
    }
    demand((await countEvents(scene, orderId)) === 0, 'a forged webhook left a row')

    note('one that is right is sent ten times')
    await replay(scene)
    await rotate(scene)
    await recovers('forged webhooks', RECOVERY_MS)
    await sells(30)
  },
}

async function replay(scene: Scene): Promise<void> {
  const { stage, load, demand } = scene
  const [product = 0] = load.products
  const order = await orderByHand(load, { name: 'replayed', product })
  const answers = [await load.provider.captureAndTell(order)]
  const first = load.recorder.operations.findLast(({ body }) =>
    String(body).includes(order.reference),
  )
  const signed = signStandard(String(first?.key), String(first?.body), {
    secret: stage.webhookSecret,
  })
  for (let n = 0; n < REPLAYS; n++) {
    answers.push(await tell(scene, { what: 'right', path: GENERIC, ...signed }))
  }
  const results = answers.map((answer) => `${answer?.status} ${String(answer?.body['result'])}`)
  demand(
    results[0] === '200 applied' && results.slice(1).every((each) => each === '200 duplicate'),
    `applied once, and known ${REPLAYS} times: ${results.join(', ')}`,
  )
  demand((await countEvents(scene, order.orderId)) === 1, 'a replayed webhook has one row')
}

/** An api that believes the new secret and the old one; then one that has forgotten the old. */
async function rotate(scene: Scene): Promise<void> {
  const { stage, note, demand } = scene
  const old = stage.webhookSecret
  const fresh = `whsec_${randomBytes(24).toString('base64')}`
  note('the secret is changed')
  const both = await stage.startApi({ WEBHOOK_SECRET: `${fresh},${old}` })
  const next = await stage.startApi({ WEBHOOK_SECRET: fresh })
  const statuses: (number | undefined)[] = []
  for (const [api, secret] of [
    [both, old],
    [both, fresh],
    [next, fresh],
    [next, old],
  ] as const) {
    const id = `evt_rotated_${statuses.length}`
    // Of no order: kept until somebody claims it.
    const body = JSON.stringify({ order_id: 'nobody’s', status: 'failed' })
    const signed = signStandard(id, body, { secret })
    statuses.push((await tell(scene, { what: id, path: GENERIC, ...signed }, api.url))?.status)
  }
  demand(
    statuses.slice(0, 3).every((status) => status !== undefined && status < 300) &&
      statuses[3] === 401,
    `both secrets are believed, and later the new one alone: ${statuses.join(', ')}`,
  )
  for (const api of [both, next]) api.send('SIGTERM')
  await Promise.all([both, next].map((api) => api.ended()))
}

async function countEvents({ stage }: Scene, orderId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from payment_events where order_id = ${orderId} or event_key like 'forged%'
  `.execute(stage.database.db)
  return Number(rows[0]?.n)
}
