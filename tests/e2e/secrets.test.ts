/** All that api and worker write in a run of every kind of trouble, searched for every secret that they know. */
import { idempotencySecret } from '@flashlane/db'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Process, startProcess } from '../support/process.ts'
import { placeHold, placeOrder, withKey } from '../support/shop.ts'
import { until } from '../support/until.ts'
import {
  aStandardSecret,
  aStripeEvent,
  aStripeSecret,
  signStandard,
  signStripe,
} from '../support/webhooks.ts'

const OPERATOR = 'a-token-kept-by-its-hash'
const GUESS = 'a-token-that-somebody-guessed'
const WEBHOOK_SECRET = aStandardSecret()
const STRIPE_WEBHOOK_SECRET = aStripeSecret()
const WRONG_PASSWORD = 'a-password-that-is-wrong'

let flashlane: Flashlane
const others: Process[] = []

beforeAll(async () => {
  flashlane = await startFlashlane({
    mysqlProxy: true,
    env: {
      LOG_LEVEL: 'trace',
      WEBHOOK_SECRET,
      STRIPE_WEBHOOK_SECRET,
      ADMIN_TOKENS: `anna:operate:${createHash('sha256').update(OPERATOR).digest('hex')}`,
    },
  })
})
afterAll(() => flashlane.stop())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function sell(): Promise<readonly string[]> {
  const api = flashlane.api()
  const productId = await flashlane.product({ stock: 3 })
  await api.post('/api/holds', { product_id: productId, qty: 1 }, withKey('key-of-a-buyer'))
  const hold_id = await placeHold(flashlane, { product_id: productId })
  const order_id = await placeOrder(flashlane, { hold_id })
  const paid = signStandard('msg_1', { order_id, status: 'success' }, { secret: WEBHOOK_SECRET })
  await api.post('/api/payments/webhook', paid.body, paid.headers)
  const stripe = signStripe(aStripeEvent('payment_intent.succeeded', {}), {
    secret: STRIPE_WEBHOOK_SECRET,
  })
  await api.post('/api/webhooks/stripe', stripe.body, stripe.headers)
  await api.post('/api/payments/webhook', `${paid.body} `, paid.headers)
  return [...Object.values(paid.headers), ...Object.values(stripe.headers)]
}

async function operate(): Promise<void> {
  const api = flashlane.api()
  for (const token of [OPERATOR, GUESS, ADMIN_TOKEN]) {
    await api.get('/api/admin/lanes', bearer(token))
    await api.post('/api/admin/sweep', {}, bearer(token))
    await api.post('/api/admin/products', '{', bearer(token))
  }
}

/** Servers that go away, and processes that are let in by neither. */
async function fail(): Promise<void> {
  const api = flashlane.api()
  flashlane.mysqlProxy().cut()
  await api.post('/api/admin/sweep', {}, bearer(OPERATOR))
  flashlane.mysqlProxy().restore()
  await flashlane.redis.kill()
  await api.post('/api/holds', { product_id: 1, qty: 1 })
  await flashlane.redis.restart()

  const common = { ADMIN_TOKEN, WEBHOOK_SECRET, LOG_LEVEL: 'trace', PORT: '0' }
  const urls = { MYSQL_URL: flashlane.mysqlUrl, REDIS_URL: flashlane.redis.url }
  const wrong = (url: string) => url.replace(/:[^:@/]+@/, `:${WRONG_PASSWORD}@`)
  for (const app of ['api', 'worker'] as const) {
    const noMysql = startProcess(app, { ...common, ...urls, MYSQL_URL: wrong(urls.MYSQL_URL) })
    others.push(noMysql)
    expect(await noMysql.ended()).toBe(1)
    const noRedis = startProcess(app, { ...common, ...urls, REDIS_URL: wrong(urls.REDIS_URL) })
    others.push(noRedis)
    await until(() => /WRONGPASS|NOAUTH/.test(noRedis.output()), {
      withinMs: 20_000,
      what: `the ${app} is not let in\n${noRedis.output()}`,
    })
    noRedis.send('SIGKILL')
    await noRedis.ended()
    const badSettings = { ...common, MYSQL_URL: wrong(urls.MYSQL_URL), LANES: 'many' }
    const misset = startProcess(app, { ...badSettings, ADMIN_TOKENS: `anna:root:${OPERATOR}` })
    others.push(misset)
    expect(await misset.ended()).toBe(1)
  }
}

test('whatever happens, no secret is written anywhere', async () => {
  const signed = await sell()
  await operate()
  await fail()
  const derived = await idempotencySecret(flashlane.database)
  // Not by URL: that of a Cluster is none.
  const passwords = [flashlane.mysqlUrl, flashlane.redis.url].map(
    (url) => /:([^:@/]+)@/.exec(url)?.[1] ?? '',
  )

  const written = [...flashlane.apis, ...flashlane.workers, ...others]
    .map((each) => each.output())
    .join('\n')

  expect(written.length).toBeGreaterThan(2_000)
  expect(written).toContain('operator acted')
  const secrets = {
    ADMIN_TOKEN,
    OPERATOR,
    GUESS,
    WRONG_PASSWORD,
    WEBHOOK_SECRET,
    'WEBHOOK_SECRET without its prefix': WEBHOOK_SECRET.replace('whsec_', ''),
    STRIPE_WEBHOOK_SECRET,
    'the secret of ids': derived.toString('hex'),
    'the url of MySQL': flashlane.mysqlUrl,
    'the url of Redis': flashlane.redis.url,
    // A password that is a word, as on a developer's server, may stand in a log as that word.
    ...Object.fromEntries(
      passwords.filter((each) => each.length > 12).map((each, n) => [`password ${n}`, each]),
    ),
    ...Object.fromEntries(
      signed.filter((each) => each.length > 40).map((each, n) => [`signature ${n}`, each]),
    ),
  }
  const told = Object.entries(secrets).filter(([, secret]) => written.includes(secret))
  expect(told.map(([name]) => name)).toEqual([])
})
