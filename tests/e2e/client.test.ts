import { createClient, type Fetch, FlashlaneError } from '@flashlane/client'
import { buy } from '@flashlane/client/examples/buy.ts'
import { restock } from '@flashlane/client/examples/operate.ts'
import { holdAndOrder } from '@flashlane/client/examples/pipeline.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_TOKEN, type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { checkedFetch } from '../support/http.ts'
import { startProxy } from '../support/proxy.ts'
import { countersOf } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane

beforeAll(async () => {
  flashlane = await startFlashlane({ apis: 2, workers: 1, env: { WAIT_S: '1' } })
})
afterAll(() => flashlane.stop())

const aClient = (baseUrl = flashlane.api().url, fetch: Fetch = checkedFetch) =>
  createClient({ baseUrl, adminToken: ADMIN_TOKEN, fetch })

/** Keeps what was asked, in order: method and path. */
function recorder() {
  const asked: string[] = []
  const fetch: Fetch = (url, init) => {
    asked.push(`${init.method} ${new URL(url).pathname}`)
    return checkedFetch(url, init)
  }
  return { asked, fetch }
}

/** Stops the worker where it stands, until `whenStopped` is through. */
async function whileNothingIsApplied<T>(whenStopped: () => Promise<T>): Promise<T> {
  for (const worker of flashlane.workers) worker.send('SIGSTOP')
  try {
    return await whenStopped()
  } finally {
    for (const worker of flashlane.workers) worker.send('SIGCONT')
  }
}

const failureOf = async (promise: Promise<unknown>): Promise<FlashlaneError> => {
  const error = await promise.then(
    () => null,
    (error: unknown) => error,
  )
  if (error instanceof FlashlaneError) return error
  throw new Error('this was to be refused', { cause: error })
}

/** Until its first batch is in Redis: then the api has heard the request. */
const isQueued = (productId: number) =>
  until(
    async () => {
      const { items } = await aClient().listLanes({ per_page: 100 })
      const lane = items.find((each) => each.product_id === productId)
      return lane && lane.batches_waiting + lane.batches_active > 0
    },
    { withinMs: 5_000, what: 'the command is queued' },
  )

test('a purchase: held for longer, ordered, paid, and shown so', async () => {
  const client = aClient()
  const productId = await flashlane.product({ stock: 10 })

  const hold = await client.placeHold({ product_id: productId, qty: 3 })
  const extended = await client.extendHold(hold.hold_id, { seconds: 300 })
  const order = await client.placeOrder({ hold_id: hold.hold_id })
  const heard = await client.tellPayment({ order_id: order.order_id, status: 'success' })

  expect(Date.parse(extended.expires_at)).toBeGreaterThan(Date.parse(hold.expires_at))
  expect(heard).toMatchObject({ result: 'applied', order_status: 'paid' })
  expect(await client.showHold(hold.hold_id)).toMatchObject({ status: 'ordered' })
  expect(await client.showOrder(order.order_id)).toMatchObject({ status: 'paid' })
  expect(await client.showProduct(productId)).toMatchObject({ sold: 3, held: 0 })
  expect((await client.listProducts({ per_page: 1 })).items).toHaveLength(1)
})

test('what is given up comes back: a released hold, a cancelled order', async () => {
  const client = aClient()
  const productId = await flashlane.product({ stock: 10 })
  const [one, other] = await Promise.all(
    [1, 2].map((qty) => client.placeHold({ product_id: productId, qty })),
  )
  if (!one || !other) throw new Error('two holds were placed')

  const released = await client.releaseHold(one.hold_id)
  const order = await client.placeOrder({ hold_id: other.hold_id })
  const cancelled = await client.cancelOrder(order.order_id)

  expect([released.status, cancelled.status]).toEqual(['released', 'cancelled'])
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 0, sold: 0 })
})

test('a refusal tells its facts, and the same call under its key is told the same', async () => {
  const client = aClient()
  const productId = await flashlane.product({ stock: 3 })
  const ask = () =>
    failureOf(client.placeHold({ product_id: productId, qty: 5 }, { idempotencyKey: 'Käufe' }))

  const [first, again] = [await ask(), await ask()]

  expect(first).toMatchObject({ code: 'insufficient_stock', status: 409, available: 3 })
  expect(again).toMatchObject({ command_id: 'command_id' in first && first.command_id })
  expect(await failureOf(client.showProduct(999_999))).toMatchObject({ code: 'product_not_found' })
})

test('a call outlives the wait of the api: its 202 is awaited to the outcome', async () => {
  const { asked, fetch } = recorder()
  const client = aClient(undefined, fetch)
  const productId = await flashlane.product({ stock: 3 })

  const { hold, refusal } = await whileNothingIsApplied(async () => {
    const hold = await client.placeHold({ product_id: productId, qty: 2 }, { wait: false })
    const refusal = failureOf(client.placeHold({ product_id: productId, qty: 2 }))
    await until(() => asked.at(-1)?.startsWith('GET /api/commands/'), {
      withinMs: 5_000,
      what: 'the outcome is asked for',
    })
    return { hold, refusal }
  })

  expect(await hold.outcome()).toMatchObject({ hold_id: hold.hold_id, qty: 2 })
  expect(await refusal).toMatchObject({ code: 'insufficient_stock', available: 1 })
  expect(await client.awaitCommand(String(hold.command_id))).toMatchObject({
    status: 'applied',
    outcome: 'accepted',
    http_status: 201,
  })
})

test('an order that was sent behind its hold, before that was applied, is placed', async () => {
  const productId = await flashlane.product({ stock: 3 })

  const order = await holdAndOrder(aClient(), productId)

  expect(order).toMatchObject({ product_id: productId, status: 'pending' })
})

test('a connection that is lost after the request was sent makes no second hold', async () => {
  const productId = await flashlane.product({ stock: 10 })
  const { hostname: host, port } = new URL(flashlane.api().url)
  const proxy = await startProxy({ host, port: Number(port) })
  const { asked, fetch } = recorder()
  // The document is served through the proxy too, and asked for before that is cut.
  const client = aClient(proxy.through(`http://${host}`), fetch)
  await client.showProduct(productId)

  const placing = await whileNothingIsApplied(async () => {
    const sent = client.placeHold({ product_id: productId, qty: 2 })
    await isQueued(productId)
    proxy.cut()
    proxy.restore()
    return { sent }
  })
  const hold = await placing.sent
  await proxy.close()

  expect(hold).toMatchObject({ qty: 2, status: 'active' })
  expect(asked.filter((each) => each === 'POST /api/holds')).toHaveLength(2)
  expect(await countersOf(flashlane, productId)).toMatchObject({ held: 2 })
})

test('operators change, pause, restock and look', async () => {
  const operator = aClient()
  const productId = await flashlane.product({ stock: 1 })

  const changed = await operator.changeProduct(productId, { price: 3_900 })
  await operator.pauseProduct(productId)
  const paused = await failureOf(operator.placeHold({ product_id: productId, qty: 1 }))
  await operator.resumeProduct(productId)
  const available = await restock(flashlane.api().url, ADMIN_TOKEN, productId)

  expect(changed).toMatchObject({ id: productId, price: 3_900 })
  expect(paused.code).toBe('product_paused')
  expect(available).toBe(51)
  expect(await operator.sweep()).toMatchObject({ left: 0 })
  expect(await operator.listDeadLetters({ replayed: 'false' })).toMatchObject({ items: [] })
  expect(
    await failureOf(createClient({ baseUrl: flashlane.api().url }).listRefunds()),
  ).toMatchObject({ code: 'unauthorized', status: 401 })
})

test('a refund that is due is marked as sent and as done', async () => {
  const operator = aClient()
  const productId = await flashlane.product({ stock: 1 })
  const { hold_id } = await operator.placeHold({ product_id: productId, qty: 1 })
  const { order_id } = await operator.placeOrder({ hold_id, payment_intent_id: 'pi_first' })
  await operator.tellPayment({ order_id, payment_intent_id: 'pi_first', status: 'success' })
  await operator.tellPayment({ order_id, payment_intent_id: 'pi_second', status: 'success' })

  const due = await operator.listRefunds({ status: 'due' })
  const refund = due.items.find((each) => each.order_id === order_id)
  const sent = await operator.markRefundSent(String(refund?.refund_id))
  const done = await operator.markRefundDone(String(refund?.refund_id))

  expect(refund).toMatchObject({ payment_ref: 'pi_second', reason: 'second_payment' })
  expect([sent.status, done.status]).toEqual(['sent', 'done'])
})

test('the example of the README buys, and is told what is left', async () => {
  const productId = await flashlane.product({ stock: 3 })
  const { url } = flashlane.api()

  const bought = await buy(url, productId, 'anna')
  const refused = await buy(url, productId, 'berta')

  expect(bought).toMatchObject({ status: 'pending', qty: 2 })
  expect(refused).toBe('only 1 left')
})

test('a product is followed past the end of the api that showed it, up to its newest version', async () => {
  const productId = await flashlane.product({ stock: 5 })
  const leaving = await flashlane.startApi({ DRAIN_DELAY_MS: '100' })
  const staying = flashlane.apis[0]?.url ?? ''
  // As a proxy does: to the other api as soon as the first is not there.
  const fetch: Fetch = (url, init) =>
    checkedFetch(url, init).catch(() => checkedFetch(url.replace(leaving.url, staying), init))
  const stock: (number | null)[] = []
  const versions: number[] = []

  for await (const shown of aClient(leaving.url, fetch).watchProduct(productId)) {
    stock.push(shown.available_stock)
    versions.push(shown.version)
    if (stock.length === 1) {
      leaving.send('SIGTERM')
      await leaving.ended()
      await aClient(staying).placeHold({ product_id: productId, qty: 2 })
    }
    if (shown.available_stock === 3) break
  }

  expect(stock.at(0)).toBe(5)
  expect(versions).toEqual(versions.toSorted((one, other) => one - other))
})
