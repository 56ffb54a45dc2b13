import { type Command, formatId } from '@flashlane/core'
import {
  endUnclaimed,
  findDeadLetter,
  findEvent,
  findOrder,
  insertWaitingEvent,
  listDeadLetters,
  listRefunds,
  parkedBefore,
  settleOrphan,
} from '@flashlane/db'
import { applyBatch } from '@flashlane/worker/apply.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  aBatch,
  aBatchId,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aProduct,
} from '../support/commands.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
beforeAll(async () => {
  testDatabase = await createTestDatabase()
})
afterAll(() => testDatabase.drop())

const NOW_MS = Date.now()
const isOver = { beforeMs: NOW_MS + 60_000, nowMs: NOW_MS }
const isEarly = { beforeMs: NOW_MS - 60_000, nowMs: NOW_MS }

const apply = async (...commands: Command[]) => {
  const store = createStore(testDatabase.database, pino({ level: 'silent' }))
  return (await applyBatch(store, aBatch(commands))).outcomes
}
const keyOf = ({ provider, eventKey }: { provider: string; eventKey: string }) => ({
  provider,
  eventKey,
})
const refundsOf = async (reference: string) => {
  const { items } = await listRefunds(testDatabase.database, { offset: 0, limit: 1_000 })
  return items.filter((item) => item.reference === reference)
}
const aReference = (): string => `pi_${aBatchId()}`

test('money whose order never came is owed back once its time is over, and not before', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1 })
  const paymentRef = aReference()
  const holdId = formatId('hold', productId, aBatchId())
  const payment = aPayment(productId, { holdId, paymentRef, amount: 4_900, currency: 'USD' })
  await apply(payment)

  expect(await endUnclaimed(database, keyOf(payment), isEarly)).toBeNull()
  expect(await refundsOf(paymentRef)).toEqual([])

  const parked = await parkedBefore(database, { beforeMs: isOver.beforeMs, limit: 1_000 })
  expect(parked).toContainEqual(keyOf(payment))
  expect(await endUnclaimed(database, keyOf(payment), isOver)).toMatchObject({
    result: 'orphan_payment',
  })
  expect(await endUnclaimed(database, keyOf(payment), isOver)).toBeNull()
  expect(await refundsOf(paymentRef)).toMatchObject([
    { reason: 'orphan_payment', status: 'due', amount: 4_900, orderId: null },
  ])
})

test('two events of one orphaned payment owe it back once', async () => {
  const { database } = testDatabase
  const paymentRef = aReference()
  const events = [aPayment(1, { paymentRef }), aPayment(1, { paymentRef })]
  for (const event of events) await insertWaitingEvent(database, event, NOW_MS)

  const ended = []
  for (const event of events) ended.push(await endUnclaimed(database, keyOf(event), isOver))

  expect(ended.map((each) => each?.result)).toEqual(['orphan_payment', 'payment_mismatch'])
  expect(await refundsOf(paymentRef)).toHaveLength(1)
})

test('an order that comes in time takes its money, and the time’s end finds nothing to end', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 1 })
  const paymentRef = aReference()
  const payment = aPayment(productId, { paymentRef })
  await insertWaitingEvent(database, payment, NOW_MS)
  const hold = aPlaceHold(productId)
  const order = aPlaceOrder(hold, { paymentRef })
  await apply(hold, order)

  expect(await endUnclaimed(database, keyOf(payment), isOver)).toBeNull()
  expect((await findOrder(database, order.orderId))?.order.status).toBe('paid')
  expect(await refundsOf(paymentRef)).toEqual([])
})

test('an order and the end of its payment’s time at once: the money pays or goes back, never both', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 50 })
  for (let round = 0; round < 20; round++) {
    const paymentRef = aReference()
    const payment = aPayment(productId, { paymentRef })
    await insertWaitingEvent(database, payment, NOW_MS)
    const hold = aPlaceHold(productId)
    const order = aPlaceOrder(hold, { paymentRef })
    await apply(hold)

    await Promise.all([apply(order), endUnclaimed(database, keyOf(payment), isOver)])

    const refunds = await refundsOf(paymentRef)
    const status = (await findOrder(database, order.orderId))?.order.status
    expect([status, refunds.length]).toEqual(refunds.length === 1 ? ['pending', 1] : ['paid', 0])
  }
})

test('news that an orphan’s money went back closes its refund at once', async () => {
  const { database } = testDatabase
  const paymentRef = aReference()
  const payment = aPayment(1, { paymentRef })
  const back = aPayment(1, { paymentRef, kind: 'refunded' })
  await insertWaitingEvent(database, payment, NOW_MS)
  await insertWaitingEvent(database, back, NOW_MS)
  await endUnclaimed(database, keyOf(payment), isOver)

  expect(await endUnclaimed(database, keyOf(back), isEarly)).toMatchObject({ result: 'applied' })

  expect(await refundsOf(paymentRef)).toMatchObject([{ status: 'done' }])
  expect(await findEvent(database, back.provider, back.eventKey)).toMatchObject({ state: 'done' })
})

test('news that a part of an orphan’s money went back leaves its refund due', async () => {
  const { database } = testDatabase
  const paymentRef = aReference()
  const money = { paymentRef, amount: 4_900, currency: 'USD' }
  const payment = aPayment(1, money)
  const part = aPayment(1, { ...money, kind: 'refunded', amount: 900 })
  const foreign = aPayment(1, { ...money, kind: 'refunded', currency: 'JPY' })
  const whole = aPayment(1, { ...money, kind: 'refunded' })
  for (const event of [payment, part, foreign, whole]) {
    await insertWaitingEvent(database, event, NOW_MS)
  }
  await endUnclaimed(database, keyOf(payment), isOver)

  for (const event of [part, foreign]) {
    expect(await endUnclaimed(database, keyOf(event), isEarly)).toBeNull()
    expect(await endUnclaimed(database, keyOf(event), isOver)).toMatchObject({ result: 'ignored' })
  }
  expect(await refundsOf(paymentRef)).toMatchObject([{ status: 'due', amount: 4_900 }])

  expect(await endUnclaimed(database, keyOf(whole), isEarly)).toMatchObject({ result: 'applied' })
  expect(await refundsOf(paymentRef)).toMatchObject([{ status: 'done' }])
})

test('an operator settles an orphan’s refund step by step, and never back', async () => {
  const { database } = testDatabase
  const paymentRef = aReference()
  const payment = aPayment(1, { paymentRef })
  await insertWaitingEvent(database, payment, NOW_MS)
  await endUnclaimed(database, keyOf(payment), isOver)
  const refundId = (await refundsOf(paymentRef))[0]?.refundId ?? ''
  const statusAfter = async (status: 'sent' | 'done') => {
    await settleOrphan(database, refundId, status)
    return (await refundsOf(paymentRef))[0]?.status
  }

  expect(await statusAfter('sent')).toBe('sent')
  expect(await statusAfter('done')).toBe('done')
  expect(await statusAfter('sent')).toBe('done')
})

test('a failure whose order never came ends without money', async () => {
  const { database } = testDatabase
  const paymentRef = aReference()
  const payment = aPayment(1, { paymentRef, kind: 'failed' })
  await insertWaitingEvent(database, payment, NOW_MS)

  expect(await endUnclaimed(database, keyOf(payment), isOver)).toMatchObject({ result: 'ignored' })
  expect(await refundsOf(paymentRef)).toEqual([])
})

test('another payment under a used key is answered, and kept as a dead letter with its body', async () => {
  const { database } = testDatabase
  const productId = await aProduct(database, { stock: 2 })
  const hold = aPlaceHold(productId)
  const order = aPlaceOrder(hold)
  const first = aPayment(productId, { orderId: order.orderId, paymentRef: aReference() })
  const { eventKey } = first
  const other = aPayment(productId, {
    orderId: order.orderId,
    paymentRef: aReference(),
    eventKey,
    bodyHash: 'f'.repeat(32),
  })
  const batch = aBatch([hold, order, first, other])
  const store = createStore(database, pino({ level: 'silent' }))

  const { outcomes } = await applyBatch(store, batch)

  expect(outcomes[3]).toMatchObject({ outcome: 'accepted', result: { result: 'key_reused' } })
  expect((await applyBatch(store, batch)).outcomes).toEqual(outcomes)
  const letter = await findDeadLetter(database, `${batch.batchId}.3`)
  expect(letter).toMatchObject({ body: { payload: other.payload }, replayedAtMs: null })
  const { items } = await listDeadLetters(database, { offset: 0, limit: 10, isReplayed: false })
  expect(items.map(({ id }) => id)).toContain(`${batch.batchId}.3`)
})
