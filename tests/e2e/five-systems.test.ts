/** Clients that were written for five other systems, each sending what it always sent: only its base URL is another. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { type Answer, request } from '../support/http.ts'
import { countersOf, placeHold, placeOrder, untilTold } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane

const PRICE = 4_900
const STOCK = 10
const ENVELOPE = { accept: 'application/vnd.flashlane.envelope+json' }

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 2 })
})
afterAll(() => flashlane.stop())

type Headers = Record<string, string>

const get = (path: string, headers: Headers = {}): Promise<Answer> =>
  request(flashlane.api().url + path, { headers })
const post = (path: string, body: object, headers: Headers = {}): Promise<Answer> =>
  flashlane.api().post(path, body, headers)

const aProduct = (stock = STOCK): Promise<number> => flashlane.product({ stock, price: PRICE })

/** What an envelope holds. */
const dataOf = ({ body }: Answer): Record<string, unknown> =>
  body['data'] as Record<string, unknown>

describe('S0', () => {
  test('holds, orders, is paid by a webhook, and counts what is reserved', async () => {
    const productId = await aProduct()

    const hold = await post('/api/holds', { product_id: productId, qty: 2 })
    const whileHeld = await get(`/api/products/${productId}`)
    const order = await post('/api/orders', { hold_id: hold.body['hold_id'] })
    const event = {
      idempotency_key: `s0-${productId}`,
      order_id: order.body['order_id'],
      status: 'success',
    }
    const paid = await post('/api/payments/webhook', event)
    const again = await post('/api/payments/webhook', event)
    const afterwards = await get(`/api/products/${productId}`)

    expect(hold.status).toBe(201)
    expect(Date.parse(String(hold.body['expires_at']))).toBeGreaterThan(Date.now())
    expect(whileHeld.body).toMatchObject({ reserved: 2, sold: 0, available: 8 })
    expect(order.status).toBe(201)
    expect(paid).toMatchObject({ status: 200, body: { status: 'ok', result: 'applied' } })
    expect(again).toMatchObject({ status: 200, body: { status: 'ok', result: 'duplicate' } })
    expect(afterwards.body).toMatchObject({
      id: productId,
      name: 'Sneaker',
      price: PRICE,
      stock_total: STOCK,
      reserved: 0,
      sold: 2,
      available: 8,
    })
  })

  test('tells of a failed payment with its key in the header: the units are back', async () => {
    const productId = await aProduct()
    const holdId = await placeHold(flashlane, { product_id: productId, qty: 3 })
    const orderId = await placeOrder(flashlane, { hold_id: holdId })

    const failed = await post(
      '/api/payments/webhook',
      { order_id: orderId, status: 'failed' },
      { 'idempotency-key': `s0-failed-${productId}` },
    )

    expect(failed).toMatchObject({ status: 200, body: { status: 'ok', order_status: 'cancelled' } })
    expect(await countersOf(flashlane, productId)).toEqual({ stockTotal: STOCK, held: 0, sold: 0 })
  })

  test('orders an unknown hold, and one twice: neither makes an order', async () => {
    const holdId = await placeHold(flashlane, { product_id: await aProduct() })
    await placeOrder(flashlane, { hold_id: holdId })

    const unknown = await post('/api/orders', { hold_id: '12' })
    const twice = await post('/api/orders', { hold_id: holdId })

    expect(unknown.status).toBe(404)
    expect(twice).toMatchObject({ status: 409, body: { code: 'hold_used' } })
  })
})

describe('S1', () => {
  test('lists products, page by page: those with a name, and those that are not sold out', async () => {
    const name = `S1 50%_off! ${Date.now()}`
    const [left, gone] = [await named(name, 1), await named(name, 0)]
    const search = encodeURIComponent(name.toLowerCase())

    const all = await get(`/api/products?envelope=s1&search=${search}&page=1&per_page=100`)
    const page = await get(`/api/products?envelope=s1&search=${search}&page=2&per_page=1`)
    const available = await get(`/api/products?envelope=s1&search=${search}&available_only=1`)
    const other = await get('/api/products?envelope=s1&search=S1%2050%25-off')

    expect(all.body).toMatchObject({ status: true, message: expect.any(String) })
    expect(idsIn(all)).toEqual([left, gone])
    expect(idsIn(page)).toEqual([gone])
    expect(dataOf(page)).toMatchObject({ total: 2, page: 2, per_page: 1 })
    expect(idsIn(available)).toEqual([left])
    expect(idsIn(other)).toEqual([])
    expect((await get('/api/products?envelope=s1&per_page=101')).status).toBe(422)
  })

  test('holds at /orders/hold, orders online, and reads the webhook’s data', async () => {
    const productId = await aProduct()

    const hold = await post('/api/orders/hold?envelope=s1', { product_id: productId, qty: 2 })
    const order = await post('/api/orders?envelope=s1', {
      hold_id: dataOf(hold)['hold_id'],
      payment_status: 'online_payment',
    })
    const orderId = String(dataOf(order)['id'])
    const paid = await post('/api/webhooks/payment?envelope=s1', {
      idempotency_key: `s1-${productId}`,
      order_id: orderId,
      event_type: 'success',
      external_transaction_id: `tx-${productId}`,
      amount: 2 * PRICE,
      currency: 'USD',
      payload: { gateway: 'any' },
    })
    const shown = await get(`/api/orders/${orderId}?envelope=s1`)

    expect(hold.body).toMatchObject({ status: true, message: 'Stock held successfully' })
    expect(order).toMatchObject({
      status: 201,
      body: {
        status: true,
        data: {
          status: 'pending',
          payment_status: 'pending',
          total: 2 * PRICE,
          is_hold: false,
          created_at: expect.stringMatching(/Z$/),
          items: [{ product_id: productId, quantity: 2, total_price: 2 * PRICE }],
        },
      },
    })
    expect(paid).toMatchObject({
      status: 200,
      body: {
        status: true,
        data: {
          success: true,
          message: 'Payment processed successfully',
          payment_status: 'paid',
          order_status: 'paid',
        },
      },
    })
    expect(dataOf(shown)).toMatchObject({ id: orderId, status: 'paid', payment_status: 'paid' })
    expect(dataOf(shown)['created_at']).toBe(dataOf(order)['created_at'])
  })

  test('orders for cash on delivery: confirmed at once, and sold', async () => {
    const productId = await aProduct()
    const holdId = await placeHold(flashlane, { product_id: productId })

    const order = await post('/api/orders?envelope=s1', {
      hold_id: holdId,
      payment_status: 'cash_on_delivery',
    })

    expect(dataOf(order)).toMatchObject({ status: 'confirmed', payment_status: 'cash_on_delivery' })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
  })

  test('asks for more than a hold may have, or than there is: a refusal it can read', async () => {
    const productId = await aProduct(1)

    const tooMany = await post('/api/orders/hold?envelope=s1', { product_id: productId, qty: 101 })
    const short = await post('/api/orders/hold?envelope=s1', { product_id: productId, qty: 2 })

    expect(tooMany).toMatchObject({
      status: 422,
      body: { status: false, code: 'validation', errors: [{ field: 'qty' }], data: null },
    })
    expect(short).toMatchObject({
      status: 409,
      body: { status: false, code: 'insufficient_stock', available: 1, errors: [], data: null },
    })
  })
})

async function named(name: string, stock: number): Promise<number> {
  const { body } = await post(
    '/api/admin/products',
    { name, price: PRICE, stock_total: stock },
    { authorization: `Bearer ${ADMIN_TOKEN}` },
  )
  return Number(body['id'])
}

const idsIn = (answer: Answer): readonly unknown[] =>
  (dataOf(answer)['items'] as { id: number }[]).map(({ id }) => id)

describe('S2', () => {
  test('counts what is available from stock, reserved and sold', async () => {
    const productId = await aProduct()
    const holdId = await placeHold(flashlane, { product_id: productId, qty: 2 })
    await placeOrder(flashlane, { hold_id: holdId, payment_status: 'cash_on_delivery' })
    await placeHold(flashlane, { product_id: productId, qty: 3 })

    const { body } = await get(`/api/products/${productId}`)

    expect(body).toMatchObject({ stock: STOCK, reserved_stock: 3, sold_stock: 2 })
    const [stock, reserved, sold] = [body['stock'], body['reserved_stock'], body['sold_stock']]
    expect(body['available_stock']).toBe(Number(stock) - Number(reserved) - Number(sold))
  })

  test('is told of a payment before its order is there: the order is born paid', async () => {
    const productId = await aProduct()
    const holdId = await placeHold(flashlane, { product_id: productId })

    const early = await post('/api/payments/webhook', {
      idempotency_key: `s2-${productId}`,
      hold_id: holdId,
      status: 'success',
    })
    const order = await post('/api/orders', { hold_id: holdId })

    expect(early).toMatchObject({ status: 200, body: { status: 'ok', result: 'parked' } })
    expect(order).toMatchObject({ status: 201, body: { status: 'paid' } })
  })
})

describe('S3', () => {
  test.each(['/api/holds', '/api/hold'])(
    'holds at %s, orders at /order, pays at /webhook/payment-success',
    async (path) => {
      const productId = await aProduct()
      const intent = `pi_s3_${productId}`

      const hold = await post(path, { product_id: productId, quantity: 1, ttl: 300 }, ENVELOPE)
      const holdId = dataOf(hold)['hold_id']
      const body = { hold_id: holdId, payment_intent_id: intent }
      const order = await post('/api/order', body, ENVELOPE)
      const key = { 'idempotency-key': `1478-${productId}` }
      const paid = await post('/api/webhook/payment-success', body, { ...ENVELOPE, ...key })
      const shown = await get(`/api/orders/${String(dataOf(order)['order_id'])}`)

      expect(hold).toMatchObject({
        status: 201,
        body: {
          status: 'success',
          message: 'Stock held successfully',
          data: { hold_id: expect.any(String), expires_in_seconds: 300 },
        },
      })
      expect(hold.headers.get('content-type')).toBe(ENVELOPE.accept)
      expect(order.body).toMatchObject({
        status: 'success',
        data: {
          order_id: expect.any(String),
          status: 'pending',
          amount: PRICE,
          currency: 'USD',
          pay_with: intent,
        },
      })
      expect(paid).toMatchObject({
        status: 200,
        body: { status: 'success', message: 'Payment processed successfully' },
      })
      expect(shown.body).toMatchObject({
        status: 'paid',
        payments: [{ payment_ref: intent, status: 'captured' }],
      })
    },
  )

  test('reads products in its own names', async () => {
    const productId = await aProduct(1)
    await placeHold(flashlane, { product_id: productId })

    const { body } = await get(`/api/products/${productId}`, ENVELOPE)

    expect(body).toMatchObject({
      status: 'success',
      data: {
        id: productId,
        name: 'Sneaker',
        description: '',
        price: PRICE,
        total_stock: 1,
        available_stock: 0,
        is_sold_out: true,
      },
    })
  })

  test('the same key for two buyers’ orders: two orders', async () => {
    const productId = await aProduct()
    const key = { ...ENVELOPE, 'idempotency-key': '1478' }
    const buy = async (customerRef: string) => {
      const hold = await post('/api/hold', { product_id: productId, quantity: 1 }, ENVELOPE)
      const body = { hold_id: dataOf(hold)['hold_id'], customer_ref: customerRef }
      return dataOf(await post('/api/order', body, key))['order_id']
    }

    expect(await buy('ann')).not.toBe(await buy('bob'))
  })

  test('a thousand buyers of ten units: ten hold one, the others are told that it is sold out', async () => {
    const productId = await aProduct(10)
    const body = { product_id: productId, quantity: 1, ttl_seconds: 60 }
    const buyers = Array.from({ length: 1_000 }, (_, n) =>
      untilTold(() => post('/api/hold', body, { ...ENVELOPE, 'idempotency-key': `buyer ${n}` })),
    )

    const answers = await Promise.all(buyers)

    const told = Map.groupBy(answers, ({ status, body }) => `${status} ${String(body['status'])}`)
    expect(told.get('201 success')).toHaveLength(10)
    expect(told.get('409 error')).toHaveLength(990)
    expect(await countersOf(flashlane, productId)).toEqual({ stockTotal: 10, held: 10, sold: 0 })
  })
})

describe('S4', () => {
  test('reads a product, holds, orders, and tells of success once and again', async () => {
    const productId = await aProduct()
    const holdId = await placeHold(flashlane, { product_id: productId })
    const orderId = await placeOrder(flashlane, { hold_id: holdId })
    const event = { order_id: orderId, status: 'success', idempotency_key: `s4-${productId}` }

    const answers = await Promise.all(Array.from({ length: 5 }, () => tell(event)))
    const product = await get(`/api/products/${productId}`)
    const hold = await get(`/api/holds/${holdId}`)

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(product.body).toMatchObject({
      id: productId,
      name: 'Sneaker',
      price: PRICE,
      available_stock: 9,
    })
    expect(hold.body).toMatchObject({ status: 'ordered', order_id: orderId })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 1 })
  })

  test('tells of a failure in its own word: the order is cancelled', async () => {
    const productId = await aProduct()
    const holdId = await placeHold(flashlane, { product_id: productId })
    const orderId = await placeOrder(flashlane, { hold_id: holdId })

    const failed = await tell({
      order_id: orderId,
      status: 'failure',
      idempotency_key: `s4-failed-${productId}`,
    })

    expect(failed.body).toMatchObject({ status: 'ok', order_status: 'cancelled' })
    expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 0 })
  })

  const tell = (event: object): Promise<Answer> => post('/api/payments/webhook', event)
})

describe.each(['/api', '/api/v1'])('under %s', (base) => {
  test.each(['/holds', '/hold', '/orders/hold'])('%s places a hold', async (path) => {
    const productId = await aProduct()

    const { status, body } = await post(base + path, { product_id: productId, qty: 1 })

    expect(status).toBe(201)
    expect((await get(`/api/holds/${String(body['hold_id'])}`)).body['status']).toBe('active')
  })

  test.each(['/orders', '/order'])('%s places an order', async (path) => {
    const holdId = await placeHold(flashlane, { product_id: await aProduct() })

    const { status, body } = await post(base + path, { hold_id: holdId })

    expect(status).toBe(201)
    expect((await get(`/api/orders/${String(body['order_id'])}`)).body['hold_id']).toBe(holdId)
  })

  test.each([
    ['/payments/webhook', { status: 'success' }, 'paid'],
    ['/webhooks/payment', { event_type: 'success' }, 'paid'],
    ['/webhooks/payment', { event_type: 'failed' }, 'cancelled'],
    ['/webhook/payment', { status: 'failure' }, 'cancelled'],
    ['/webhook/payment-success', {}, 'paid'],
    ['/webhook/payment-success', { status: 'failed' }, 'paid'],
  ])('%s takes %j for an order that is %s', async (path, told, status) => {
    const holdId = await placeHold(flashlane, { product_id: await aProduct() })
    const orderId = await placeOrder(flashlane, { hold_id: holdId })

    const answer = await post(base + path, { id: `evt ${orderId}`, order_id: orderId, ...told })

    expect(answer).toMatchObject({ status: 200, body: { result: 'applied', order_status: status } })
    await until(async () => (await get(`/api/orders/${orderId}`)).body['status'] === status, {
      withinMs: 5_000,
      what: `the order is ${status}`,
    })
  })

  test('another method of an alias is told which one it takes', async () => {
    const { status, headers } = await request(`${flashlane.api().url}${base}/hold`, {
      method: 'PUT',
      body: {},
    })

    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('POST')
  })
})
