import { type Context, Hono } from 'hono'
import { expect, test } from 'vitest'
import { etagOf } from './envelope.ts'
import { Fault, invalid, respondFault } from './problem.ts'
import { addHeaders, respond } from './respond.ts'

const MEDIA_TYPE = 'application/vnd.flashlane.envelope+json'

type Answering = (c: Context) => Response

async function ask(
  answering: Answering,
  { path = '/api/holds', query = '', accept }: { path?: string; query?: string; accept?: string },
) {
  const app = new Hono().all('*', answering)
  const headers: Record<string, string> = accept === undefined ? {} : { accept }
  const response = await app.request(path + query, { method: 'POST', headers })
  return {
    status: response.status,
    headers: response.headers,
    type: response.headers.get('content-type'),
    body: (await response.json()) as Record<string, unknown>,
  }
}

const held: Answering = (c) => respond(c, 201, { hold_id: 'hold_1_x' })
const bare = { hold_id: 'hold_1_x' }
const wrapped = { message: 'Stock held successfully', data: bare }

test.each([
  ['', undefined, 'application/json', bare],
  ['?envelope=0', undefined, 'application/json', bare],
  ['?envelope=', '*/*', 'application/json', bare],
  ['?other=1', 'application/json', 'application/json', bare],
  ['?envelope=1', undefined, 'application/json', { status: 'success', ...wrapped }],
  ['?wait=1&envelope=s3', undefined, 'application/json', { status: 'success', ...wrapped }],
  ['?envelope=s1', undefined, 'application/json', { status: true, ...wrapped }],
  ['', MEDIA_TYPE, MEDIA_TYPE, { status: 'success', ...wrapped }],
  ['', `text/html, ${MEDIA_TYPE};q=0.9`, MEDIA_TYPE, { status: 'success', ...wrapped }],
  ['?envelope=s1', MEDIA_TYPE, MEDIA_TYPE, { status: true, ...wrapped }],
])('a hold asked for with %j and Accept: %s is as asked for', async (query, accept, type, body) => {
  const answer = await ask(held, { query, ...(accept === undefined ? {} : { accept }) })

  expect(answer).toMatchObject({ status: 201, type })
  expect(answer.body).toEqual(body)
})

const short: Answering = (c) =>
  respondFault(c, new Fault('busy', 'a crowd', { extras: { command_id: 'cmd_1_x' } }))

test('an error keeps its status, its code and its facts', async () => {
  const words = await ask(short, { query: '?envelope=1' })
  const flags = await ask(short, { query: '?envelope=s1' })

  const error = { message: 'a crowd', code: 'busy', errors: [], data: null, command_id: 'cmd_1_x' }
  expect(words).toMatchObject({ status: 503, type: 'application/json' })
  expect(words.headers.get('retry-after')).toBe('1')
  expect(words.body).toEqual({ status: 'error', ...error })
  expect(flags.body).toEqual({ status: false, ...error })
})

test('each field that is not valid is listed', async () => {
  const errors = [{ field: 'qty', message: 'is required' }]

  const answer = await ask((c) => respondFault(c, invalid(errors)), { query: '?envelope=1' })

  expect(answer.status).toBe(422)
  expect(answer.body).toMatchObject({ status: 'error', code: 'validation', errors })
})

const placed = {
  order_id: 'ord_1_x',
  product_id: 1,
  qty: 2,
  amount: 9_800,
  status: 'pending',
  pay_with: 'pi_1',
}

test('an order has the fields of the others beside its own', async () => {
  const { body } = await ask((c) => respond(c, 201, placed), {
    path: '/api/order',
    query: '?envelope=1',
  })

  expect(body).toEqual({
    status: 'success',
    message: 'Order created successfully',
    data: {
      ...placed,
      id: 'ord_1_x',
      payment_status: 'pending',
      total: 9_800,
      is_hold: false,
      items: [{ product_id: 1, quantity: 2, price_per_unit: 4_900, total_price: 9_800 }],
    },
  })
})

test('an order that is queued is a success without them', async () => {
  const queued = { command_id: 'cmd_1_x', status: 'queued', order_id: 'ord_1_x' }

  const { body } = await ask((c) => respond(c, 202, queued), {
    path: '/api/orders',
    query: '?envelope=1',
  })

  expect(body).toEqual({ status: 'success', message: 'Accepted, not applied yet', data: queued })
})

test.each([
  ['applied', 'paid', true, 'paid'],
  ['applied', 'cancelled', true, 'failed'],
  ['payment_mismatch', 'pending', false, 'pending'],
])(
  'a payment that is %s, its order %s, tells of both',
  async (result, status, success, payment) => {
    const told = { status: 'ok', result, order_id: 'ord_1_x', order_status: status }

    const { body } = await ask((c) => respond(c, 200, told), {
      path: '/api/v1/webhook/payment-success',
      query: '?envelope=1',
    })

    const message = 'Payment processed successfully'
    expect(body).toEqual({
      status: 'success',
      message,
      data: { ...told, success, message, payment_status: payment },
    })
  },
)

test('each form of a thing has an ETag of its own, and says what it depends on', async () => {
  const shown: Answering = (c) => respond(c, 200, {}, { etag: etagOf(c, '4') })
  const read = async (query: string) => (await ask(shown, { query })).headers

  const etags = await Promise.all(['', '?envelope=1', '?envelope=s1'].map(read))

  expect(etags.map((headers) => headers.get('etag'))).toEqual([
    '"4"',
    '"4-envelope"',
    '"4-envelope-s1"',
  ])
  expect(etags.map((headers) => headers.get('vary'))).toEqual(['Accept', 'Accept', 'Accept'])
})

test('an answer is not kept and not taken for a page, and may say otherwise about the first', async () => {
  const kept: Answering = (c) => respond(c, 200, {}, { 'cache-control': 'no-cache' })

  const answer = await ask(held, {})
  const error = await ask(short, {})
  const product = await ask(kept, {})

  for (const { headers } of [answer, error, product]) {
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  }
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(error.headers.get('cache-control')).toBe('no-store')
  expect(product.headers.get('cache-control')).toBe('no-cache')
})

test('what was said about the answer before there was one is on it', async () => {
  const answer = await ask((c) => {
    addHeaders(c, { ratelimit: '"customer";r=1;t=1' })
    return held(c)
  }, {})

  expect(answer.headers.get('ratelimit')).toBe('"customer";r=1;t=1')
})
