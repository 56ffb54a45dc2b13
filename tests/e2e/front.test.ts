/** What a setting puts before the routes: limits, over two processes, and pages of other origins. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Answer, request } from '../support/http.ts'
import { countersOf } from '../support/shop.ts'

let flashlane: Flashlane
let productId: number

const ORIGIN = 'https://shop.example'
const CLIENT_MAX = 5
const CUSTOMER_MAX = 2

beforeAll(async () => {
  flashlane = await startFlashlane({
    apis: 2,
    env: {
      CORS_ORIGINS: ORIGIN,
      RATE_LIMIT_CLIENT: `${CLIENT_MAX}/1h`,
      RATE_LIMIT_CUSTOMER: `${CUSTOMER_MAX}/1h`,
      TRUST_PROXY: '1',
    },
  })
  productId = await flashlane.product({ stock: 100 })
})
afterAll(() => flashlane.stop())

let clients = 0
/** A client whom the proxy has not heard before. */
const aClient = () => ({ 'x-forwarded-for': `6.6.6.6, 203.0.113.${++clients}` })

const hold = (fields: object, headers: Record<string, string>): Promise<Answer> =>
  flashlane.api().post('/api/holds', { product_id: productId, qty: 1, ...fields }, headers)

test('a client is limited over all processes, another is not, and what was refused left nothing', async () => {
  const headers = aClient()
  const before = await countersOf(flashlane, productId)

  const answers = []
  for (let n = 0; n < CLIENT_MAX + 3; n++) answers.push(await hold({}, headers))
  const other = await hold({}, aClient())

  const statuses = answers.map(({ status }) => status)
  expect(statuses).toEqual([...Array(CLIENT_MAX).fill(201), 429, 429, 429])
  expect(other.status).toBe(201)
  expect((await countersOf(flashlane, productId)).held - before.held).toBe(CLIENT_MAX + 1)
})

test('every answer tells what is left, and a 429 when to come again', async () => {
  const headers = aClient()

  const first = await hold({}, headers)
  for (let n = 1; n < CLIENT_MAX; n++) await hold({}, headers)
  const last = await hold({}, headers)

  expect(first.headers.get('ratelimit-policy')).toBe('"client";q=5;w=3600')
  expect(first.headers.get('ratelimit')).toMatch(/^"client";r=4;t=\d+$/)
  expect(last.status).toBe(429)
  expect(last.headers.get('content-type')).toBe('application/problem+json')
  expect(last.headers.get('ratelimit')).toMatch(/^"client";r=0;t=\d+$/)
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(3_500)
  expect(last.body).toMatchObject({ status: 429, code: 'rate_limited', policy: 'client' })
})

test('a customer is limited whatever address he comes from', async () => {
  const ann = { customer_ref: 'ann' }

  const first = await hold(ann, aClient())
  const second = await hold(ann, aClient())
  const third = await hold(ann, aClient())
  const bob = await hold({ customer_ref: 'bob' }, aClient())
  const order = await flashlane
    .api()
    .post('/api/orders', { hold_id: first.body['hold_id'], customer_ref: 'ann' }, aClient())

  expect([first, second, third, bob].map(({ status }) => status)).toEqual([201, 201, 429, 201])
  expect(first.headers.get('ratelimit-policy')).toBe('"customer";q=2;w=3600, "client";q=5;w=3600')
  expect(third.body).toMatchObject({ code: 'rate_limited', policy: 'customer' })
  expect(order.status).toBe(429)
})

test('reads, webhooks and operators are never counted', async () => {
  const headers = aClient()
  for (let n = 0; n <= CLIENT_MAX; n++) await hold({}, headers)
  const { url } = flashlane.api()

  const answers = await Promise.all([
    request(`${url}/api/products/${productId}`, { headers }),
    request(`${url}/livez`, { headers }),
    flashlane.api().post('/api/payments/webhook', { id: 'evt', payment_intent_id: 'pi' }, headers),
    flashlane.api().post('/api/webhook/payment-success', { id: 'evt2', order_id: 'x' }, headers),
  ])

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 202])
  for (const answer of answers) expect(answer.headers.has('ratelimit')).toBe(false)
})

test('a page of the shop may send a keyed hold; one of another origin is not told that it may', async () => {
  const preflight = (origin: string) =>
    fetch(`${flashlane.api().url}/api/holds`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,idempotency-key',
      },
    })

  const shop = await preflight(ORIGIN)
  const other = await preflight('https://elsewhere.example')
  const answer = await hold({}, { ...aClient(), origin: ORIGIN })

  expect(shop.status).toBe(204)
  expect(shop.headers.get('access-control-allow-headers')).toBe('content-type,idempotency-key')
  expect(other.headers.has('access-control-allow-origin')).toBe(false)
  expect(answer.status).toBe(201)
  expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(answer.headers.get('location')).toMatch(/^\/api\/holds\//)
})
