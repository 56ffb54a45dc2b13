import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { createFront, type FrontOptions } from './front.ts'
import { Fault } from './problem.ts'

const ENV = { incoming: { socket: { remoteAddress: '10.0.0.1' } } }
const SHOP = 'https://shop.example'

function aFront(options: Omit<FrontOptions, 'trustedHops'>) {
  const app = new Hono().all('*', () => new Response('sold', { headers: { location: '/there' } }))
  const front = createFront(app, { ...options, trustedHops: 0 })
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) =>
    front.request(path, { method, headers }, ENV)
  return { app, front, ask }
}

/** Counts to two. */
function aCount() {
  const counted: string[] = []
  return {
    counted,
    async countClient(whose: string) {
      counted.push(whose)
      if (counted.length > 2) {
        throw new Fault('rate_limited', undefined, { headers: { 'retry-after': '1' } })
      }
      return { ratelimit: `"client";r=${2 - counted.length};t=1`, 'ratelimit-policy': 'p' }
    },
  }
}

test('nothing stands before the routes unless a setting asks for it', () => {
  const { app, front } = aFront({})

  expect(front).toBe(app)
})

test('a client of one request too many is told so, and the routes do not see it', async () => {
  const { countClient } = aCount()
  const { ask } = aFront({ countClient })

  const first = await ask('POST', '/api/holds')
  await ask('POST', '/api/v1/orders/ord_1_x/cancel')
  const third = await ask('DELETE', '/api/holds/hold_1_x')

  expect(first.headers.get('ratelimit')).toBe('"client";r=1;t=1')
  expect(first.headers.get('location')).toBe('/there')
  expect(third.status).toBe(429)
  expect(third.headers.get('retry-after')).toBe('1')
  expect(third.headers.get('content-type')).toBe('application/problem+json')
  expect(await third.json()).toMatchObject({ code: 'rate_limited', status: 429 })
})

test.each([
  ['POST', '/api/holds', 1],
  ['POST', '/api/v1/hold', 1],
  ['POST', '/api/orders/hold', 1],
  ['POST', '/api/order', 1],
  ['DELETE', '/api/holds/x', 1],
  ['GET', '/api/holds/x', 0],
  ['GET', '/api/products', 0],
  ['POST', '/api/payments/webhook', 0],
  ['POST', '/api/webhooks/payment', 0],
  ['POST', '/api/webhook/payment-success', 0],
  ['POST', '/api/admin/products', 0],
  ['GET', '/livez', 0],
  ['GET', '/metrics', 0],
])('%s %s counts for %d', async (method, path, times) => {
  const { counted, countClient } = aCount()
  const { ask } = aFront({ countClient })

  await ask(method, path)

  expect(counted).toEqual(Array(times).fill('10.0.0.1'))
})

test('a page of an allowed origin may ask, and read what the answer says beside its body', async () => {
  const { ask } = aFront({ corsOrigins: [SHOP] })

  const { headers } = await ask('POST', '/api/holds', { origin: SHOP })

  expect(headers.get('access-control-allow-origin')).toBe(SHOP)
  expect(headers.get('vary')).toBe('Origin')
  const exposed = headers.get('access-control-expose-headers')?.split(',')
  expect(exposed).toEqual(
    expect.arrayContaining([
      'Location',
      'Retry-After',
      'Idempotency-Replayed',
      'ETag',
      'RateLimit',
      'RateLimit-Policy',
      'X-Request-Id',
    ]),
  )
})

test('a preflight is answered, and counts for nobody', async () => {
  const { counted, countClient } = aCount()
  const { ask } = aFront({ corsOrigins: [SHOP], countClient })

  const { status, headers } = await ask('OPTIONS', '/api/holds', {
    origin: SHOP,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,idempotency-key',
  })

  expect(status).toBe(204)
  expect(headers.get('access-control-allow-origin')).toBe(SHOP)
  expect(headers.get('access-control-allow-methods')).toContain('POST')
  expect(headers.get('access-control-allow-headers')).toBe('content-type,idempotency-key')
  expect(counted).toEqual([])
})

test('a page of another origin is let in only where all are', async () => {
  const origin = 'https://elsewhere.example'
  const allowed = async (corsOrigins: FrontOptions['corsOrigins']) => {
    const { headers } = await aFront({ corsOrigins }).ask('GET', '/api/products', { origin })
    return headers.get('access-control-allow-origin')
  }

  expect(await allowed([SHOP])).toBeNull()
  expect(await allowed('*')).toBe('*')
  expect(await allowed(undefined)).toBeNull()
})

test('a page can read that it asked too often', async () => {
  const { countClient } = aCount()
  const { ask } = aFront({ corsOrigins: [SHOP], countClient })
  const post = () => ask('POST', '/api/holds', { origin: SHOP })
  await post()
  await post()

  const third = await post()

  expect(third.status).toBe(429)
  expect(third.headers.get('access-control-allow-origin')).toBe(SHOP)
})
