import { bury, deadLetter } from '@flashlane/db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommandLine, commandLine } from '../support/cli.ts'
import { aBatchId, aPlaceHold } from '../support/commands.ts'
import { type Flashlane, startFlashlane } from '../support/flashlane.ts'
import { countersOf, placeHold, placeOrder } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
let cli: CommandLine

beforeAll(async () => {
  flashlane = await startFlashlane()
  cli = commandLine(flashlane.api().url)
})
afterAll(() => flashlane.stop())

type Items = { readonly items: readonly Record<string, unknown>[] }

/** A payment that came when its units were sold to another: a refund is due. */
async function aRefundDue(): Promise<string> {
  const productId = await flashlane.product({ stock: 1 })
  const hold_id = await placeHold(flashlane, { product_id: productId })
  const order_id = await placeOrder(flashlane, { hold_id })
  await flashlane.client().cancelOrder(order_id)
  await placeHold(flashlane, { product_id: productId })
  await flashlane.client().tellPayment({ id: `late-${order_id}`, order_id, status: 'success' })
  return order_id
}

test('an operator makes a product, restocks it, and sees both in a table', async () => {
  const made = await cli.json(
    'products',
    'create',
    '--name',
    'Desk lamp',
    '--price',
    '2500',
    '--stock',
    '10',
  )
  const id = String(made['id'])

  const stocked = await cli.run('products', 'stock', id, '--delta', '-4')
  const shown = await cli.run('products', 'show', id)

  expect(made).toMatchObject({ name: 'Desk lamp', price: 2_500, stock_total: 10 })
  expect(stocked.out).toMatch(/^stock +available +held +sold\n +6 +6 +0 +0\n$/)
  expect(shown.out).toContain('Desk lamp')
  expect(shown.code).toBe(0)
  expect(await countersOf(flashlane, Number(id))).toMatchObject({ stockTotal: 6 })
})

test('a paused sale refuses holds until it is resumed, and its window is set by instants', async () => {
  const productId = await flashlane.product({ stock: 5 })
  const id = String(productId)

  expect(await cli.json('products', 'pause', id)).toMatchObject({ sale_state: 'paused' })
  await expect(placeHold(flashlane, { product_id: productId })).rejects.toThrow('product_paused')
  expect(await cli.json('products', 'resume', id)).toMatchObject({ sale_state: 'open' })
  expect(
    await cli.json('products', 'window', id, '--starts', '2100-01-01T10:00:00+02:00'),
  ).toMatchObject({ sale_state: 'scheduled', sale_starts_at: '2100-01-01T08:00:00.000Z' })
  expect(await cli.json('products', 'window', id, '--starts', 'none')).toMatchObject({
    sale_state: 'open',
    sale_starts_at: null,
  })
})

test('a drained lane is paused, and nothing waits in it; an open one takes holds again', async () => {
  const productId = await flashlane.product({ stock: 100 })
  const lane = `p${productId}`
  const holds = Array.from({ length: 50 }, () => placeHold(flashlane, { product_id: productId }))
  await holds[0]

  const drained = await cli.json('lanes', 'set', lane, 'drained')

  expect(drained).toMatchObject({ lane, paused: true, batches_waiting: 0, batches_active: 0 })
  await Promise.allSettled(holds)
  expect(await cli.json('lanes', 'set', lane, 'open')).toMatchObject({ paused: false })
  await placeHold(flashlane, { product_id: productId })
  expect((await cli.run('lanes', 'list', '--per-page', '100')).out).toContain(lane)
})

test.each(['sweep', 'holds:sweep', 'orders:expire-holds'])(
  '%s expires what is overdue',
  async (name) => {
    expect(await cli.json(name)).toMatchObject({ left: 0 })
  },
)

test('a dead letter is listed, and tried again once', async () => {
  const productId = await flashlane.product({ stock: 1 })
  const batchId = aBatchId()
  const head = { batch_id: batchId, n: 0, product_id: productId, buried_at_ms: Date.now() }
  const letter = deadLetter(head, { error: 'Error: \u001b[2Jgone', body: aPlaceHold(productId) })
  await bury(flashlane.database, [letter], [])

  const { items } = await cli.json<Items>('dead-letters', 'list', '--replayed', 'no')
  const listed = await cli.run('dead-letters', 'list')
  const first = await cli.run('dead-letters', 'replay', `${batchId}.0`)
  const second = await cli.run('dead-letters', 'replay', `${batchId}.0`)

  expect(items).toContainEqual(expect.objectContaining({ id: `${batchId}.0` }))
  // Its text is anybody's, and must not clear the operator's screen.
  expect(listed.out).toContain('?[2Jgone')
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining('hold_') })
  expect(second).toMatchObject({ code: 1, err: expect.stringContaining('already_replayed') })
})

test('a refund is listed as due, and worked off in two steps', async () => {
  const order = await aRefundDue()

  const { items } = await cli.json<Items>('refunds', 'list', '--status', 'due', '--per-page', '100')
  const id = String(items.find((each) => each['order_id'] === order)?.['refund_id'])

  expect(await cli.json('refunds', 'sent', id)).toMatchObject({ status: 'sent' })
  expect(await cli.json('refunds', 'done', id)).toMatchObject({ status: 'done' })
  const payments = await cli.run('payments', 'list', '--state', 'done', '--per-page', '100')
  expect(payments.out).toContain(`late-${order}`)
})

test('the books of every product are right', async () => {
  await flashlane.product({ stock: 1 })

  const { code, out } = await cli.run('audit')

  expect({
    code,
    isRight: /^product +books +violations\n(\d+ +right +0\n)+$/.test(out),
  }).toEqual({
    code: 0,
    isRight: true,
  })
})

test('books that are wrong end the audit with 1, and say what is', async () => {
  const productId = await flashlane.product({ stock: 3 })
  const setSold = (sold: number) =>
    flashlane.database.db
      .updateTable('products')
      .set({ sold })
      .where('product_id', '=', productId)
      .execute()
  await setSold(1)

  const { code, out } = await cli.run('audit', String(productId))
  await setSold(0)

  expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('WRONG') })
  expect(out).toContain(`C1: product ${productId}`)
})

test('a refusal ends with 1, a wrong command line with 2, and both say why', async () => {
  const refused = await cli.run('products', 'show', '999999999')
  const wrong = await cli.run('products', 'sell')

  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('product_not_found') })
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('unknown command'), out: '' })
})

test('nobody there, and a wrong token, end with 1', async () => {
  const nobody = await commandLine('http://127.0.0.1:1').run('sweep')
  const stranger = await commandLine(flashlane.api().url, 'not-the-token-of-them').run('sweep')

  expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('was not answered') })
  expect(stranger).toMatchObject({ code: 1, err: expect.stringContaining('unauthorized') })
})

test('watch tells each second what is sold, and ends with 0 when it is interrupted', async () => {
  const productId = await flashlane.product({ stock: 7 })
  const watching = cli.start('watch', String(productId))
  await until(() => watching.out().includes('held 0  sold 0'), { withinMs: 20_000, what: 'a line' })

  await placeHold(flashlane, { product_id: productId, qty: 2 })
  await until(() => watching.out().includes('available 5  held 2  sold 0'), {
    withinMs: 20_000,
    what: 'the hold is shown',
  })
  watching.child.kill('SIGINT')

  expect(await watching.ended()).toMatchObject({ code: 0, err: '' })
})

test('watch tells scripts the same as JSON, a line a second', async () => {
  const productId = await flashlane.product({ stock: 7 })
  const watching = cli.start('watch', String(productId), '--json')
  const lines = await until(
    () => {
      const whole = watching.out().split('\n').slice(0, -1)
      return whole.length >= 2 && whole
    },
    { withinMs: 20_000, what: 'two lines' },
  )
  watching.child.kill('SIGTERM')

  expect((await watching.ended()).code).toBe(0)
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({
    products: [{ product_id: productId, available: 7, sold: 0, sold_per_s: 0 }],
    refunds_due: expect.any(Number),
  })
})
