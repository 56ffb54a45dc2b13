import { siblingId } from '@flashlane/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Answer, request } from '../support/http.ts'
import { countersOf, distinct, placeHold, placeOrder } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
let one: Api
let other: Api

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 2 })
  const [first, second] = flashlane.apis
  if (!first || !second) throw new Error('two apis were asked for')
  one = first
  other = second
})
afterAll(() => flashlane.stop())

const ASYNC = { prefer: 'respond-async' }
const WITHIN = { withinMs: 15_000 }

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  flashlane.api().post(path, body, headers)

const remove = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  request(flashlane.api().url + path, { method: 'DELETE', headers })

/** Stops every worker where it stands, for as long as `run` takes. */
async function whileNothingIsApplied<T>(run: () => Promise<T>): Promise<T> {
  for (const worker of flashlane.workers) worker.send('SIGSTOP')
  try {
    return await run()
  } finally {
    for (const worker of flashlane.workers) worker.send('SIGCONT')
  }
}

const outcomeOf = (queued: Answer): Promise<Answer['body']> =>
  until(
    async () => {
      const { body } = await flashlane.api().get(queued.headers.get('location') ?? '/')
      return body['status'] === 'applied' && body
    },
    { ...WITHIN, what: 'the command is applied' },
  )

describe('a 202', () => {
  test('names the command, what it makes, and where to ask for it', async () => {
    const productId = await flashlane.product({ stock: 10 })

    const queued = await post('/api/holds', { product_id: productId, qty: 2 }, ASYNC)
    const outcome = await outcomeOf(queued)
    const hold = await flashlane.api().get(`/api/holds/${String(queued.body['hold_id'])}`)

    const commandId = siblingId(String(queued.body['hold_id']), 'cmd')
    expect(queued).toMatchObject({
      status: 202,
      body: { status: 'queued', command_id: commandId },
    })
    expect(Object.fromEntries(queued.headers)).toMatchObject({
      location: `/api/commands/${commandId}`,
      'retry-after': '1',
      'preference-applied': 'respond-async',
    })
    expect(outcome).toMatchObject({
      command_id: commandId,
      type: 'PlaceHold',
      status: 'applied',
      outcome: 'accepted',
      http_status: 201,
      result: { hold_id: queued.body['hold_id'], qty: 2, status: 'active' },
    })
    expect(hold).toMatchObject({ status: 200, body: { qty: 2, status: 'active' } })
  })

  test('of what is refused in the end leads to the refusal', async () => {
    const productId = await flashlane.product({ stock: 1 })

    const queued = await post('/api/holds', { product_id: productId, qty: 2 }, ASYNC)
    const outcome = await outcomeOf(queued)
    const hold = await flashlane.api().get(`/api/holds/${String(queued.body['hold_id'])}`)

    expect(queued.status).toBe(202)
    expect(outcome).toMatchObject({
      status: 'applied',
      outcome: 'refused',
      http_status: 409,
      problem: { code: 'insufficient_stock', available: 1, requested: 2 },
    })
    expect(hold.body['code']).toBe('hold_not_found')
  })

  test('is followed by queued, then applied, and never queued again, whichever api is asked', async () => {
    const productId = await flashlane.product({ stock: 100 })
    for (let round = 0; round < 5; round++) {
      const seen: string[] = []
      const look = async (api: Api, queued: Answer) => {
        const { body } = await api.get(queued.headers.get('location') ?? '/')
        seen.push(String(body['status'] ?? body['code']))
        return body['status'] === 'applied'
      }

      const queued = await whileNothingIsApplied(async () => {
        const answer = await post('/api/holds', { product_id: productId, qty: 1 }, ASYNC)
        await look(one, answer)
        await look(other, answer)
        return answer
      })
      await until(async () => (await look(one, queued)) || look(other, queued), {
        ...WITHIN,
        what: 'the command is applied',
      })
      for (let n = 0; n < 20; n++) await look(n % 2 ? one : other, queued)

      expect(seen.slice(0, 2)).toEqual(['queued', 'queued'])
      expect(seen.join(' ')).toMatch(/^(queued )+(applied ?){21,}$/)
    }
  })

  test('of a command nobody sent is not to be had: 404 command_unknown', async () => {
    const productId = await flashlane.product({ stock: 1 })

    const { status, body } = await flashlane
      .api()
      .get(`/api/commands/cmd_${productId}_0123456789abcdefghjkmnpqrs`)

    expect({ status, code: body['code'] }).toEqual({ status: 404, code: 'command_unknown' })
  })
})

test('what was answered at once can be asked for too: holds, orders, releases, refusals', async () => {
  const productId = await flashlane.product({ stock: 2 })
  const hold = await post('/api/holds', { product_id: productId, qty: 1 })
  const refused = await post('/api/holds', { product_id: productId, qty: 9 })
  const order = await post('/api/orders', { hold_id: hold.body['hold_id'] })

  const ask = async (commandId: string) =>
    (await flashlane.api().get(`/api/commands/${commandId}`)).body

  expect(await ask(siblingId(String(hold.body['hold_id']), 'cmd'))).toMatchObject({
    http_status: 201,
    result: hold.body,
  })
  expect(await ask(siblingId(String(order.body['order_id']), 'cmd'))).toMatchObject({
    http_status: 201,
    result: order.body,
  })
  expect(await ask(String(refused.body['command_id']))).toMatchObject({
    http_status: 409,
    problem: { code: 'insufficient_stock' },
  })
})

describe('sent before its hold is there', () => {
  test('an order goes the same way behind it, and so does a payment', async () => {
    const productId = await flashlane.product({ stock: 10 })

    const [hold, order, payment] = await whileNothingIsApplied(async () => {
      const held = await one.post('/api/holds', { product_id: productId, qty: 2 }, ASYNC)
      const ordered = await other.post('/api/orders', { hold_id: held.body['hold_id'] }, ASYNC)
      const paid = other.post('/api/payments/webhook', {
        id: `pays ${String(ordered.body['order_id'])}`,
        order_id: ordered.body['order_id'],
        status: 'success',
      })
      return [held, ordered, paid] as const
    })
    const { result } = await outcomeOf(order)

    expect([hold.status, order.status, (await payment).status]).toEqual([202, 202, 200])
    expect(result).toMatchObject({ hold_id: hold.body['hold_id'], qty: 2, status: 'pending' })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 2 })
  })

  test('an order sent at once through the other api finds it, every time', async () => {
    const productId = await flashlane.product({ stock: 100 })
    const answers: Answer[] = []

    for (let n = 0; n < 30; n++) {
      const [here, there] = n % 2 ? [one, other] : [other, one]
      const hold = await here.post('/api/holds', { product_id: productId, qty: 1 }, ASYNC)
      answers.push(await there.post('/api/orders', { hold_id: hold.body['hold_id'] }))
    }

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 30 })
  })

  test('an order whose hold is refused is told that there is none', async () => {
    const productId = await flashlane.product({ stock: 1 })

    const hold = await one.post('/api/holds', { product_id: productId, qty: 2 }, ASYNC)
    const order = await other.post('/api/orders', { hold_id: hold.body['hold_id'] })

    expect(order).toMatchObject({ status: 404, body: { code: 'hold_not_found' } })
  })

  test('a release ends it as soon as it is there', async () => {
    const productId = await flashlane.product({ stock: 1 })

    const hold = await one.post('/api/holds', { product_id: productId, qty: 1 }, ASYNC)
    const release = await remove(`/api/holds/${String(hold.body['hold_id'])}`)

    expect(release).toMatchObject({ status: 200, body: { status: 'released' } })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0 })
  })
})

describe('Prefer', () => {
  test.each([
    ['wait=10', 'wait=10'],
    ['wait=99', 'wait=30'],
    ['respond-async, wait=10', 'wait=10'],
    ['handling=lenient; x=1, wait="7"', 'wait=7'],
    ['Wait=5', 'wait=5'],
    ['wait=soon', null],
    ['return=minimal', null],
    ['', null],
  ])('%s: answered when it is applied, and told that %s counted', async (prefer, applied) => {
    const productId = await flashlane.product({ stock: 1 })

    const answer = await post('/api/holds', { product_id: productId, qty: 1 }, { prefer })

    expect(answer.status).toBe(201)
    expect(answer.headers.get('preference-applied')).toBe(applied)
  })

  test.each([
    ['wait=1', 'wait=1', 900],
    ['wait=0', 'wait=0', 0],
    ['respond-async', 'respond-async', 0],
    ['respond-async, wait=1', 'wait=1', 900],
  ])('%s while nothing is applied: 202 after that long', async (prefer, applied, leastMs) => {
    const productId = await flashlane.product({ stock: 1 })

    const [answer, tookMs] = await whileNothingIsApplied(async () => {
      const startMs = performance.now()
      const queued = await post('/api/holds', { product_id: productId, qty: 1 }, { prefer })
      return [queued, performance.now() - startMs] as const
    })

    expect(answer.status).toBe(202)
    expect(answer.headers.get('preference-applied')).toBe(applied)
    expect(tookMs).toBeGreaterThanOrEqual(leastMs)
    expect(await outcomeOf(answer)).toMatchObject({ outcome: 'accepted' })
  })

  test('a refusal tells which preference counted too', async () => {
    const productId = await flashlane.product({ stock: 1 })

    const answer = await post('/api/holds', { product_id: productId, qty: 2 }, { prefer: 'wait=3' })

    expect(answer.status).toBe(409)
    expect(answer.headers.get('preference-applied')).toBe('wait=3')
  })
})

describe('a hold', () => {
  test('that is released gives its units back once, however often and at whichever api it is released', async () => {
    const productId = await flashlane.product({ stock: 10 })
    const holdId = await placeHold(flashlane, { product_id: productId, qty: 3 })
    const active = await flashlane.api().get(`/api/holds/${holdId}`)

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => remove(`/api/holds/${holdId}`)),
    )
    const shown = await flashlane.api().get(`/api/holds/${holdId}`)
    const order = await post('/api/orders', { hold_id: holdId })

    expect(active.body).toMatchObject({
      hold_id: holdId,
      status: 'active',
      is_expired: false,
      items: [
        { product_id: productId, quantity: 3, price_per_unit: 4_900, total_price: 3 * 4_900 },
      ],
    })
    const butForVersion = answers.map((each) => ({ ...each, body: { ...each.body, version: 0 } }))
    expect(distinct(butForVersion)).toHaveLength(1)
    expect(answers[0]).toMatchObject({ status: 200, body: { status: 'released', qty: 3 } })
    expect(shown.body).toMatchObject({ status: 'released', is_expired: false })
    expect(order).toMatchObject({ status: 409, body: { code: 'hold_released' } })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 0 })
  })

  test('that has an order is not released, and tells whose it is', async () => {
    const productId = await flashlane.product({ stock: 10 })
    const holdId = await placeHold(flashlane, { product_id: productId })
    const orderId = await placeOrder(flashlane, { hold_id: holdId })

    const release = await remove(`/api/holds/${holdId}`)
    const second = await post('/api/orders', { hold_id: holdId })
    const shown = await flashlane.api().get(`/api/holds/${holdId}`)

    expect(release).toMatchObject({
      status: 409,
      body: { code: 'hold_converted', order_id: orderId },
    })
    expect(second).toMatchObject({ status: 409, body: { code: 'hold_used', order_id: orderId } })
    expect(shown.body).toMatchObject({ status: 'ordered', order_id: orderId, is_expired: false })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 1 })
  })

  test('that has expired is shown so, cannot be ordered, and a release changes nothing', async () => {
    const productId = await flashlane.product({ stock: 10 })
    const holdId = await placeHold(flashlane, { product_id: productId, ttl: 3 })
    const shown = () => flashlane.api().get(`/api/holds/${holdId}`)

    await until(async () => (await shown()).body['is_expired'], { ...WITHIN, what: 'its deadline' })
    const order = await post('/api/orders', { hold_id: holdId })
    const expired = await until(
      async () => {
        const { body } = await shown()
        return body['status'] === 'expired' && body
      },
      { ...WITHIN, what: 'it expires' },
    )
    const releases = [await remove(`/api/holds/${holdId}`), await remove(`/api/holds/${holdId}`)]

    expect(order).toMatchObject({ status: 410, body: { code: 'hold_expired' } })
    expect(expired['is_expired']).toBe(true)
    for (const release of releases) {
      expect(release).toMatchObject({ status: 200, body: { hold_id: holdId, status: 'expired' } })
    }
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0 })
  })

  test('of a customer is not there for another', async () => {
    const productId = await flashlane.product({ stock: 10 })
    const holdId = await placeHold(flashlane, { product_id: productId, customer_ref: 'anna' })

    const theirs = await post('/api/orders', { hold_id: holdId, customer_ref: 'berta' })
    const own = await post('/api/orders', { hold_id: holdId, customer_ref: 'anna' })

    expect(theirs).toMatchObject({ status: 404, body: { code: 'hold_not_found' } })
    expect(own.status).toBe(201)
  })

  test('that 20 orders are sent for at once gets one', async () => {
    for (let round = 0; round < 5; round++) {
      const productId = await flashlane.product({ stock: 10 })
      const holdId = await placeHold(flashlane, { product_id: productId, qty: 2 })

      const answers = await Promise.all(
        Array.from({ length: 20 }, () => post('/api/orders', { hold_id: holdId })),
      )

      const placed = answers.filter(({ status }) => status === 201)
      const used = answers.filter(({ status }) => status === 409)
      expect([placed.length, used.length]).toEqual([1, 19])
      const [orderId] = placed.map(({ body }) => body['order_id'])
      expect(new Set(used.map(({ body }) => body['order_id']))).toEqual(new Set([orderId]))
      expect(await countersOf(flashlane, productId)).toMatchObject({ held: 2 })
    }
  })
})

describe('an order', () => {
  test('that is cancelled gives its units back once; one that is paid is not cancelled', async () => {
    const productId = await flashlane.product({ stock: 10 })
    const [cancelled, paid, cash] = await Promise.all(
      (['pending', 'online_payment', 'cash_on_delivery'] as const).map(async (payment_status) => {
        const hold_id = await placeHold(flashlane, { product_id: productId, qty: 2 })
        return placeOrder(flashlane, { hold_id, payment_status })
      }),
    )
    await post('/api/payments/webhook', { id: `pays ${paid}`, order_id: paid, status: 'success' })
    const sold = await countersOf(flashlane, productId)

    const cancels = await Promise.all(
      Array.from({ length: 10 }, () => post(`/api/orders/${cancelled}/cancel`, {})),
    )
    const ofPaid = await post(`/api/orders/${paid}/cancel`, {})
    const ofCash = await post(`/api/orders/${cash}/cancel`, {})

    expect(sold).toMatchObject({ held: 2, sold: 4 })
    expect(
      new Set(cancels.map(({ status, body }) => `${status} ${String(body['status'])}`)),
    ).toEqual(new Set(['200 cancelled']))
    expect(ofPaid).toMatchObject({ status: 409, body: { code: 'order_paid' } })
    expect(ofCash).toMatchObject({ status: 200, body: { status: 'cancelled' } })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 2 })
  })
})

describe('a product', () => {
  const read = (api: Api, productId: number) => api.get(`/api/products/${productId}`)

  test('shows what was just answered, at the other api and at once: 50 holds, orders and payments', async () => {
    const productId = await flashlane.product({ stock: 100 })
    const seen: Answer['body'][] = []
    const answered: { version: unknown; held: number; sold: number }[] = []

    for (let n = 0; n < 50; n++) {
      const [here, there] = n % 2 ? [one, other] : [other, one]
      const note = async (answer: Answer, held: number, sold: number) => {
        answered.push({ version: answer.body['version'], held, sold })
        seen.push((await read(there, productId)).body)
      }
      const hold = await here.post('/api/holds', { product_id: productId, qty: 1 })
      await note(hold, 1, n)
      const order = await here.post('/api/orders', { hold_id: hold.body['hold_id'] })
      await note(order, 1, n)
      const payment = await here.post('/api/payments/webhook', {
        id: `pays ${String(order.body['order_id'])}`,
        order_id: order.body['order_id'],
        status: 'success',
      })
      await note({ ...payment, body: { version: Number(order.body['version']) + 1 } }, 0, n + 1)
    }

    expect(seen.map(({ version, held, sold }) => ({ version, held, sold }))).toEqual(answered)
  })

  test('shows each of 200 buyers at once at least what he was answered', async () => {
    const productId = await flashlane.product({ stock: 1_000 })

    const pairs = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const [here, there] = n % 2 ? [one, other] : [other, one]
        const hold = await here.post('/api/holds', { product_id: productId, qty: 1 })
        const { body } = await read(there, productId)
        return { answered: Number(hold.body['version']), shown: Number(body['version']) }
      }),
    )

    expect(pairs.filter(({ answered, shown }) => shown < answered)).toEqual([])
  })

  test('never shows an older version after a newer one, nor counters that do not add up, while it is being sold', async () => {
    const productId = await flashlane.product({ stock: 300 })
    const sale = { isOn: true }
    const watch = async () => {
      const answers: Answer[] = []
      while (sale.isOn) answers.push(await read(answers.length % 2 ? one : other, productId))
      return answers
    }

    const watching = Promise.all([watch(), watch()])
    for (let wave = 0; wave < 20; wave++) {
      await Promise.all(
        Array.from({ length: 20 }, () => post('/api/holds', { product_id: productId, qty: 1 })),
      )
    }
    sale.isOn = false
    const seen = await watching

    for (const answers of seen) {
      const versions = answers.map(({ body }) => Number(body['version']))
      expect(versions).toEqual(versions.toSorted((a, b) => a - b))
      expect(answers.map(({ headers }) => headers.get('etag'))).toEqual(
        versions.map((version) => `"${version}-open"`),
      )
      const sums = answers.map(
        ({ body }) => Number(body['held']) + Number(body['sold']) + Number(body['available']),
      )
      expect(new Set(sums)).toEqual(new Set([300]))
    }
    expect(new Set(seen.flat().map(({ body }) => body['version'])).size).toBeGreaterThan(5)
    expect((await read(one, productId)).body).toMatchObject({ held: 300, is_sold_out: true })
  })

  test('that did not change is not sent again', async () => {
    const productId = await flashlane.product({ stock: 10 })
    const path = `/api/products/${productId}`
    const first = await read(one, productId)
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }

    const unchanged = await request(other.url + path, { headers })
    await placeHold(flashlane, { product_id: productId })
    const changed = await request(other.url + path, { headers })

    expect(unchanged).toMatchObject({ status: 304, body: {} })
    expect(unchanged.headers.get('etag')).toBe(headers['if-none-match'])
    expect(changed).toMatchObject({ status: 200, body: { held: 1 } })
    expect(changed.headers.get('etag')).not.toBe(headers['if-none-match'])
    expect(distinct([await read(one, productId), await read(other, productId)])).toHaveLength(1)
  })
})
