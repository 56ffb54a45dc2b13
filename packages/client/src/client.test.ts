import { describe, expect, test } from 'vitest'
import { type ClientOptions, createClient } from './client.ts'
import { FlashlaneError, NoAnswerError, StillQueuedError } from './errors.ts'
import {
  aHold,
  type Answer,
  applied,
  aQueued,
  cut,
  json,
  problem,
  silence,
  startServer,
} from './test-server.ts'

const QUICKLY = { baseMs: 1 }
const AT_ONCE = { headers: { 'retry-after': '0' } }

async function aClient(
  answers: readonly [Answer, ...Answer[]],
  options: Partial<ClientOptions> = {},
) {
  const { baseUrl, received } = await startServer(...answers)
  return { client: createClient({ baseUrl, retries: QUICKLY, ...options }), received }
}

const keysOf = (received: readonly { headers: { [name: string]: unknown } }[]): Set<unknown> =>
  new Set(received.map(({ headers }) => headers['idempotency-key']))

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error,
  )

const hold = { product_id: 1, qty: 1 }

describe('a command that was not answered is sent again, the same under the same key', () => {
  test.each([
    ['503', problem(503, 'busy', AT_ONCE)],
    ['429', problem(429, 'rate_limited', { policy: 'client', ...AT_ONCE })],
    ['502 of a proxy', json(502, {}, { 'content-type': 'text/html' })],
    ['a connection cut after the request was sent', cut],
  ])('%s, then 201', async (_, failure) => {
    const { client, received } = await aClient([failure, failure, json(201, aHold)])

    const answer = await client.placeHold(hold)

    expect(answer).toEqual(aHold)
    expect(received).toHaveLength(3)
    expect(keysOf(received).size).toBe(1)
    expect([...keysOf(received)][0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(new Set(received.map(({ body }) => body))).toEqual(new Set([JSON.stringify(hold)]))
  })

  test('an answer that does not come in time, then 201', async () => {
    const { client, received } = await aClient([silence, json(201, aHold)], { timeoutMs: 100 })

    await client.placeHold(hold, { idempotencyKey: 'cart-1' })

    expect(keysOf(received)).toEqual(new Set(['cart-1']))
    expect(received).toHaveLength(2)
  })

  test('no sooner than Retry-After says', async () => {
    const { client, received } = await aClient([
      problem(503, 'unavailable', { headers: { 'retry-after': '1' } }),
      json(201, aHold),
    ])

    await client.placeHold(hold)

    const [first, second] = received.map(({ atMs }) => atMs)
    expect(Number(second) - Number(first)).toBeGreaterThanOrEqual(990)
  })

  test('so often and no more, and the error tells the key', async () => {
    const { client, received } = await aClient([problem(503, 'busy', AT_ONCE)], {
      retries: { ...QUICKLY, max: 2 },
    })

    const error = await failureOf(client.placeHold(hold, { idempotencyKey: 'cart-1' }))

    expect(error).toMatchObject({ code: 'busy', status: 503, idempotencyKey: 'cart-1' })
    expect(received).toHaveLength(3)
  })

  test('and where no connection lasts, the error says that nobody knows what became of it', async () => {
    const { client, received } = await aClient([cut], { retries: { ...QUICKLY, max: 1 } })

    const error = await failureOf(client.cancelOrder('ord_1_x', { idempotencyKey: 'k' }))

    expect(error).toBeInstanceOf(NoAnswerError)
    expect(error).toMatchObject({ status: null, idempotencyKey: 'k' })
    expect(received).toHaveLength(2)
  })

  test('not where the server wants more patience than there is', async () => {
    const { client, received } = await aClient([
      problem(503, 'busy', { headers: { 'retry-after': '3600' } }),
    ])

    const error = await failureOf(client.placeHold(hold))

    expect(error).toMatchObject({ code: 'busy', retryAfterMs: 3_600_000 })
    expect(received).toHaveLength(1)
  })
})

test.each([
  ['a refusal', problem(409, 'sale_ended')],
  ['a failed command', problem(500, 'internal_error')],
  ['a page that is no Flashlane’s', json(404, {}, { 'content-type': 'text/html' })],
])('%s is not asked for again', async (_, answer) => {
  const { client, received } = await aClient([answer])

  await failureOf(client.placeHold(hold))

  expect(received).toHaveLength(1)
})

test('a new product is asked for once: it takes no key', async () => {
  const { client, received } = await aClient([cut], { adminToken: 'secret' })

  const error = await failureOf(client.createProduct({ name: 'Lamp', price: 1, stock_total: 1 }))

  expect(error).toBeInstanceOf(NoAnswerError)
  expect(received).toHaveLength(1)
  expect(received[0]?.headers).toMatchObject({ authorization: 'Bearer secret' })
  expect(received[0]?.headers).not.toHaveProperty('idempotency-key')
})

test('two calls have two keys; a key that is no ASCII travels as its UTF-8', async () => {
  const { client, received } = await aClient([json(201, aHold)])

  await client.placeHold(hold)
  await client.placeHold(hold)
  await client.placeHold(hold, { idempotencyKey: 'Käufe-1' })

  expect(keysOf(received).size).toBe(3)
  const sent = Buffer.from(String(received[2]?.headers['idempotency-key']), 'latin1')
  expect(sent.toString()).toBe('Käufe-1')
  await expect(client.placeHold(hold, { idempotencyKey: ' k' })).rejects.toThrow(TypeError)
})

test('the client’s customer is that of whatever names none', async () => {
  const { client, received } = await aClient([json(201, {})], { customerRef: 'anna' })

  await client.placeHold(hold)
  await client.placeOrder({ hold_id: 'hold_1_x', customer_ref: 'berta' })

  expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
    { customer_ref: 'anna' },
    { customer_ref: 'berta' },
  ])
})

test('the token goes nowhere but to operators’ addresses', async () => {
  const { client, received } = await aClient([json(200, {})], { adminToken: 'secret' })

  await client.showProduct(1)
  await client.listRefunds({ status: 'due' })

  expect(received.map(({ path, headers }) => [path, headers.authorization])).toEqual([
    ['/api/products/1', undefined],
    ['/api/admin/refunds?status=due', 'Bearer secret'],
  ])
})

describe('a 202', () => {
  const queued = json(202, aQueued)
  const stillQueued = json(200, aQueued, { 'retry-after': '0' })

  test('is awaited until the command is applied, also where polls are answered at once', async () => {
    const { client, received } = await aClient([queued, stillQueued, stillQueued, applied(aHold)])

    const answer = await client.placeHold(hold)

    expect(answer).toEqual(aHold)
    expect(received.map(({ method, path }) => `${method} ${path.split('?')[0]}`)).toEqual([
      'POST /api/holds',
      ...Array.from({ length: 3 }, () => 'GET /api/commands/cmd_1_x'),
    ])
    expect(received[1]?.path).toMatch(/\?wait=20$/)
  })

  test('for what is refused in the end is that refusal', async () => {
    const refusal = { code: 'insufficient_stock', status: 409, detail: 'none', available: 0 }
    const { client } = await aClient([
      queued,
      json(200, { ...aQueued, status: 'applied', outcome: 'refused', problem: refusal }),
    ])

    const error = await failureOf(client.placeHold(hold))

    expect(error).toBeInstanceOf(FlashlaneError)
    expect(error).toMatchObject({ code: 'insufficient_stock', available: 0 })
  })

  test('for what Redis lost is sent again under its key', async () => {
    const { client, received } = await aClient([
      queued,
      problem(404, 'command_unknown'),
      json(201, aHold),
    ])

    const answer = await client.placeHold(hold)

    expect(answer).toEqual(aHold)
    expect(received.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST'])
    expect(keysOf([received[0], received[2]].flatMap((each) => each ?? [])).size).toBe(1)
  })

  test('is not awaited for ever', async () => {
    const { client } = await aClient([queued, stillQueued], { outcomeMs: 50 })

    const error = await failureOf(client.placeHold(hold))

    expect(error).toBeInstanceOf(StillQueuedError)
    expect(error).toMatchObject({ commandId: 'cmd_1_x' })
  })

  test('that is wanted names what it will make, and tells its outcome when asked', async () => {
    const { client, received } = await aClient([queued, applied(aHold)])

    const handle = await client.placeHold(hold, { wait: false })

    expect(handle).toMatchObject({ command_id: 'cmd_1_x', hold_id: 'hold_1_x' })
    expect(received).toHaveLength(1)
    expect(received[0]?.headers).toMatchObject({
      prefer: 'respond-async',
      'idempotency-key': handle.idempotencyKey,
    })
    expect(await handle.outcome()).toEqual(aHold)
  })

  test('that is wanted, of a command that is applied already, has its outcome', async () => {
    const { client, received } = await aClient([json(201, aHold)])

    const handle = await client.placeHold(hold, { wait: false })

    expect(handle.hold_id).toBe('hold_1_x')
    expect(await handle.outcome()).toEqual(aHold)
    expect(received).toHaveLength(1)
  })
})

describe('an abort', () => {
  /** Less than any wait that is there to be called off. */
  const PROMPT_MS = 5_000
  const reason = new Error('the buyer went away')

  test.each([
    ['while it is asked', [silence]],
    ['between two attempts', [problem(503, 'busy', { headers: { 'retry-after': '20' } })]],
    ['while the outcome is awaited', [json(202, aQueued), silence]],
    ['between two polls', [json(202, aQueued), json(200, aQueued, { 'retry-after': '20' })]],
  ] as const)(
    '%s ends the call with its reason, and nothing more is sent',
    async (_, answers) => {
      const ending = new AbortController()
      let left = answers.length
      const [first, ...others] = answers.map(
        (answer): Answer =>
          (response, request) => {
            answer(response, request)
            if (--left === 0) setTimeout(() => ending.abort(reason), 100)
          },
      )
      if (!first) throw new Error('a server answers')
      const { client, received } = await aClient([first, ...others])

      const error = await failureOf(client.placeHold(hold, { signal: ending.signal }))

      expect(error).toBe(reason)
      expect(received).toHaveLength(answers.length)
    },
    PROMPT_MS,
  )

  test('before it begins sends nothing', async () => {
    const { client, received } = await aClient([json(201, aHold)])

    const error = await failureOf(client.placeHold(hold, { signal: AbortSignal.abort(reason) }))

    expect(error).toBe(reason)
    expect(received).toHaveLength(0)
  })
})

test('an error has the problem’s facts, by its code', async () => {
  const { client } = await aClient([
    problem(409, 'insufficient_stock', { available: 3, requested: 5 }),
  ])

  const error = await failureOf(client.placeHold({ product_id: 1, qty: 5 }))

  if (!(error instanceof FlashlaneError)) throw error
  if (error.code !== 'insufficient_stock') throw error
  // A number, says the compiler too.
  const available: number = error.available
  expect(available).toBe(3)
  expect(error.message).toBe('insufficient_stock: because of insufficient_stock')
  expect(error).toMatchObject({ status: 409, requested: 5, requestId: 'r-1' })
})

test('a payment event keeps the key that it has, and gets one if it has none', async () => {
  const { client, received } = await aClient([cut, json(200, { status: 'ok' })])

  await client.tellPayment({ order_id: 'ord_1_x', status: 'success' })
  await client.tellPayment({ id: 'evt_1', order_id: 'ord_1_x', status: 'success' })

  expect(keysOf(received.slice(0, 2)).size).toBe(1)
  expect(received[0]?.headers).toHaveProperty('idempotency-key')
  expect(received[2]?.headers).not.toHaveProperty('idempotency-key')
})
