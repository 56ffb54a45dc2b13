import type { Command } from '@flashlane/core'
import { formatId } from '@flashlane/core'
import { createLog } from '@flashlane/log'
import { expect, test } from 'vitest'
import { type AppDeps, createApp } from './app.ts'
import { makeHead } from './command-head.ts'
import type { Answer } from './dispatch/waiter.ts'
import { makeExecute } from './execute.ts'
import { makeDeriveX } from './idempotency.ts'
import { createManualTimers } from './dispatch/manual-timers.ts'
import { createLive } from './live/live.ts'
import type { Standing } from './live/standings.ts'
import { createMetrics } from './metrics.ts'
import { makeFindOperator, plainToken } from './operator-token.ts'

const X = '1'.repeat(26)
const TOKEN = 'a-token-of-operators'
const JSON_TYPE = { 'content-type': 'application/json' }

const notAskedFor = () => {
  throw new Error('not asked for here')
}

/** The routes over one product, 7, and a lane that answers as told. */
function anApp(answer: Answer = { kind: 'queued', batchId: X }, standing: Standing | null = null) {
  const submitted: Command[] = []
  const { log } = createLog({ process: 'api', level: 'silent' })
  const metrics = createMetrics()
  const nothing = async () => null
  const noPage = async () => ({ items: [], total: 0 })
  const deps: AppDeps = {
    catalogue: { has: (productId) => productId === 7, add: () => {} },
    execute: makeExecute({
      async submit(command) {
        submitted.push(command)
        return answer
      },
      remember: async () => {},
      learn: () => {},
      standingOf: async () => standing,
      metrics,
      log,
    }),
    makeHead: makeHead({
      nowMs: () => 1,
      drawX: () => X,
      deriveX: makeDeriveX(Buffer.from('secret')),
    }),
    inbox: notAskedFor,
    verifyGeneric: null,
    verifyStandard: notAskedFor,
    verifyStripe: notAskedFor,
    findHold: nothing,
    findOrder: nothing,
    readProduct: nothing,
    live: createLive({
      catalogue: { has: (productId) => productId === 7 },
      readProduct: nothing,
      findCommand: nothing,
      queuedBatch: nothing,
      stillQueued: async () => new Set(),
      placeOf: async () => {
        throw new Error('not asked for here')
      },
      refreshSnapshots: async () => {},
      nowMs: () => 1,
      laneOf: (productId) => `p${productId}`,
      subscribe: () => () => {},
      timers: createManualTimers(),
      onFault: () => {},
    }),
    listProducts: async () => ({ items: [], total: 0 }),
    createProduct: async () => {
      throw new Error('a bug')
    },
    announce: () => {},
    readClockMs: async () => 1,
    migrationsPending: async () => [],
    isDraining: () => false,
    canary: () => ({ ok: true, age_ms: 1 }),
    nowMs: () => 1,
    findOperator: makeFindOperator([plainToken(TOKEN)]),
    beginAction: async () => {},
    endAction: async () => {},
    listActions: noPage,
    submit: async () => answer,
    drawX: () => X,
    listDeadLetters: noPage,
    findDeadLetter: nothing,
    claimReplay: async () => true,
    dropReplay: async () => {},
    nameReplay: async () => {},
    listRefunds: noPage,
    findRefund: nothing,
    settleOrphan: async () => {},
    listPaymentEvents: noPage,
    laneStatus: async () => [],
    countOverdue: async () => 0,
    sweep: () => {},
    auditProduct: notAskedFor,
    soldOut: { refusal: () => null },
    holdTtlS: 120,
    holdLifetimeS: 600,
    holdExtensions: 2,
    paymentDueS: 900,
    waitS: 5,
    registry: metrics.registry,
    metrics,
    log,
  }
  const app = createApp(deps)
  const post = (path: string, body: string, headers: Record<string, string> = JSON_TYPE) =>
    app.request(path, { method: 'POST', body, headers })
  return { app, post, submitted }
}

test.each([
  ['quantity 0', '{"product_id":7,"qty":0}', 'qty'],
  ['a negative quantity', '{"product_id":7,"qty":-1}', 'qty'],
  ['a fraction', '{"product_id":7,"qty":1.5}', 'qty'],
  ['a quantity in quotes', '{"product_id":7,"qty":"2"}', 'qty'],
  ['more than 100', '{"product_id":7,"qty":101}', 'qty'],
  ['far more', '{"product_id":7,"qty":1e300}', 'qty'],
  ['no quantity', '{"product_id":7}', 'qty'],
  ['two quantities', '{"product_id":7,"qty":1,"quantity":2}', 'quantity'],
  ['no product', '{"qty":1}', 'product_id'],
  ['a product in quotes', '{"product_id":"7","qty":1}', 'product_id'],
  ['too short a hold', '{"product_id":7,"qty":1,"ttl":2}', 'ttl'],
  ['too long a hold', '{"product_id":7,"qty":1,"ttl_seconds":3601}', 'ttl_seconds'],
  ['an unknown field', '{"product_id":7,"qty":1,"colour":"red"}', 'colour'],
  ['a lone surrogate', '{"product_id":7,"qty":1,"customer_ref":"\\ud800"}', 'customer_ref'],
  ['an array', '[]', 'body'],
])('a hold with %s is 422, names the field, and goes nowhere', async (_what, body, field) => {
  const { post, submitted } = anApp()

  const response = await post('/api/holds', body)

  expect(response.status).toBe(422)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = (await response.json()) as { code: string; errors: { field: string }[] }
  expect(problem.code).toBe('validation')
  expect(problem.errors.map((each) => each.field)).toContain(field)
  expect(submitted).toEqual([])
})

test.each([
  ['broken JSON', 400, 'malformed', '{', JSON_TYPE],
  ['no body', 400, 'malformed', '', JSON_TYPE],
  ['another type', 415, 'unsupported_media_type', '{}', { 'content-type': 'text/plain' }],
  ['more than 16 KB', 413, 'body_too_large', 'x'.repeat(16_385), JSON_TYPE],
  ['an unknown product', 404, 'product_not_found', '{"product_id":8,"qty":1}', JSON_TYPE],
])('a hold with %s is %d', async (_what, status, code, body, headers) => {
  const { post, submitted } = anApp()

  const response = await post('/api/v1/holds', body, headers)

  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ status, code, instance: '/api/v1/holds' })
  expect(submitted).toEqual([])
})

test.each([
  ['GET', '/api/holds/hold_7_short', 404, 'hold_not_found'],
  ['DELETE', `/api/holds/${formatId('hold', 8, X)}`, 404, 'hold_not_found'],
  ['GET', '/api/orders/12', 404, 'order_not_found'],
  ['POST', `/api/orders/${formatId('hold', 7, X)}/cancel`, 404, 'order_not_found'],
  ['GET', '/api/products/0', 404, 'product_not_found'],
  ['GET', '/api/commands/x', 404, 'command_unknown'],
  ['GET', '/api/nothing', 404, 'not_found'],
  ['PUT', '/api/holds', 405, 'method_not_allowed'],
  ['POST', '/api/admin/products', 401, 'unauthorized'],
])('%s %s is %d %s', async (method, path, status, code) => {
  const { app, submitted } = anApp()

  const response = await app.request(path, { method })

  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ code })
  expect(submitted).toEqual([])
})

test('a method that an address does not take is answered with those that it takes', async () => {
  const { app } = anApp()

  const response = await app.request('/api/orders', { method: 'DELETE' })

  expect(response.headers.get('allow')).toBe('POST')
})

test('a 202 names what the command will make, and where to ask', async () => {
  const { post, submitted } = anApp()

  const response = await post('/api/holds', '{"product_id":7,"quantity":2,"ttl_seconds":30}', {
    ...JSON_TYPE,
    prefer: 'respond-async',
  })

  const commandId = formatId('cmd', 7, X)
  expect(response.status).toBe(202)
  expect(await response.json()).toEqual({
    command_id: commandId,
    status: 'queued',
    hold_id: formatId('hold', 7, X),
  })
  expect(response.headers.get('location')).toBe(`/api/commands/${commandId}`)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(response.headers.get('preference-applied')).toBe('respond-async')
  expect(submitted).toMatchObject([{ type: 'PlaceHold', quantity: 2, ttlMs: 30_000 }])
})

test('a 202 tells how many stand before it and for how long, as far as it is known', async () => {
  const told = async (standing: Standing) => {
    const { post } = anApp({ kind: 'queued', batchId: X }, standing)
    return (await post('/api/holds', '{"product_id":7,"qty":1}')).json()
  }

  const known = await told({ position: 512, etaMs: 340 })
  const unknown = await told({ position: 0, etaMs: null })

  expect(known).toMatchObject({ position: 512, eta_ms: 340 })
  expect(unknown).toMatchObject({ position: 0 })
  expect(unknown).not.toHaveProperty('eta_ms')
})

test('too much waiting is 503 busy, with when to come again', async () => {
  const { post } = anApp({ kind: 'busy' })

  const response = await post('/api/holds', '{"product_id":7,"qty":1}')

  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
})

test('a command that may have been taken is 503 with its id', async () => {
  const { post } = anApp({ kind: 'unavailable', mayHappen: true })

  const response = await post('/api/holds', '{"product_id":7,"qty":1}')

  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ command_id: formatId('cmd', 7, X) })
})

const refused = { outcome: 'refused', reason: 'insufficient_stock', facts: {}, version: 3 } as const

test('a repeat is told so, and a key for another request is not answered', async () => {
  const { post, submitted } = anApp({ kind: 'queued', batchId: X })
  const headers = { ...JSON_TYPE, 'idempotency-key': '1478' }
  await post('/api/holds', '{"product_id":7,"qty":1}', headers)
  const fingerprint = submitted[0]?.fingerprint as string
  const again = anApp({ kind: 'applied', outcome: { ...refused, replayed: { fingerprint } } })

  const repeat = await again.post('/api/holds', '{"quantity":1,"product_id":7}', headers)
  const reuse = await again.post('/api/holds', '{"product_id":7,"qty":2}', headers)

  expect(repeat.status).toBe(409)
  expect(repeat.headers.get('idempotency-replayed')).toBe('true')
  expect(again.submitted[0]?.commandId).toBe(submitted[0]?.commandId)
  expect(reuse.status).toBe(422)
  expect(await reuse.json()).toMatchObject({ code: 'idempotency_key_reused' })
})

test('the request id is echoed, or made where it cannot be', async () => {
  const { app } = anApp()
  const idOf = async (id: string) =>
    (await app.request('/livez', { headers: { 'x-request-id': id } })).headers.get('x-request-id')

  expect(await idOf('my-id')).toBe('my-id')
  expect(await idOf('two words')).toMatch(/^[0-9a-f]{12}-\w+$/)
})

test('a bug is 500 without details', async () => {
  const { post } = anApp()

  const response = await post('/api/admin/products', '{"name":"x","price":1,"stock_total":1}', {
    ...JSON_TYPE,
    authorization: `Bearer ${TOKEN}`,
  })

  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('a bug')
})

test('every address fits the quick router: one that did not would slow down all', async () => {
  const { app } = anApp()

  await app.request('/livez')

  expect(app.router.name).toBe('SmartRouter + RegExpRouter')
})

test('an order’s address takes no POST, though a word in its place does', async () => {
  const { post } = anApp()
  const response = await post(`/api/orders/${formatId('ord', 7, X)}`, '{}')

  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('GET')
})
