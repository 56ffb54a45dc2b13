import { formatId, type Outcome, type PaymentEvent } from '@flashlane/core'
import { expect, test } from 'vitest'
import type { Answer } from './dispatch/waiter.ts'
import { createInbox } from './inbox.ts'
import { parseGeneric } from './webhooks/generic.ts'

const NOW_MS = 1_000_000
const X = '1'.repeat(26)
const ORDER = formatId('ord', 7, X)

const applied: Outcome = {
  outcome: 'accepted',
  version: 2,
  result: { type: 'payment', result: 'applied', orderId: ORDER, orderStatus: 'paid' },
}

/** An inbox over a lane that answers as told, a table, and one product with one order. */
function anInbox(answer: Answer, known: PaymentEvent | null = null) {
  const kept: number[] = []
  const sent: number[] = []
  const buried: string[] = []
  const inbox = createInbox({
    async submit({ productId }) {
      sent.push(productId)
      return answer
    },
    has: (productId) => productId === 7,
    findOrderByReference: async (reference) => (reference === 'pi_known' ? { productId: 7 } : null),
    async insertWaitingEvent(_command, nextTryAtMs) {
      kept.push(nextTryAtMs - NOW_MS)
      return known ? { kind: 'known', event: known } : { kind: 'inserted' }
    },
    async buryReusedKey({ eventKey }) {
      buried.push(eventKey)
    },
    drawX: () => X,
    nowMs: () => NOW_MS,
    webhookWaitMs: 2_000,
    releaseOnFailure: true,
    restockOnRefund: false,
  })
  const hear = async (body: object) =>
    (
      await inbox(
        parseGeneric(JSON.stringify({ id: 'evt', status: 'paid', ...body }), undefined),
        'r',
      )
    ).heard
  return { hear, kept, sent, buried }
}

const told: Answer = { kind: 'applied', outcome: applied }

test('an event of an order goes to its lane, and is answered with what it did', async () => {
  const { hear, kept } = anInbox(told)

  expect(await hear({ order_id: ORDER })).toEqual({ kind: 'applied', outcome: applied })
  expect(await hear({ payment_intent_id: 'pi_known' })).toMatchObject({ kind: 'applied' })
  expect(kept).toEqual([])
})

test.each<[string, Answer, number]>([
  ['does not answer in time', { kind: 'queued', batchId: X }, 10_000],
  ['may have it', { kind: 'unavailable', mayHappen: true }, 10_000],
  ['cannot be reached', { kind: 'unavailable', mayHappen: false }, 1_000],
  ['is too deep', { kind: 'busy' }, 1_000],
])('an event whose lane %s is kept, and tried again', async (_what, answer, afterMs) => {
  const { hear, kept } = anInbox(answer)

  expect(await hear({ order_id: ORDER })).toEqual({ kind: 'kept' })
  expect(kept).toEqual([afterMs])
})

test('an event that leads to no order is kept, and no lane is made for it', async () => {
  const { hear, kept, sent } = anInbox(told)

  await hear({ payment_intent_id: 'pi_unknown' })
  await hear({ order_id: formatId('ord', 8, X) })
  await hear({ order_id: 12 })

  expect(kept).toEqual([1_000, 1_000, 1_000])
  expect(sent).toEqual([])
})

test('an event of another kind that leads to no order is nobody’s', async () => {
  const { hear, kept } = anInbox(told)

  expect(await hear({ status: 'customer.created' })).toEqual({ kind: 'ignored' })
  expect(kept).toEqual([])
})

test('a command that failed stands as a dead letter, and is not tried again', async () => {
  const failed: Outcome = { outcome: 'error', version: 2 }
  const { hear, kept } = anInbox({ kind: 'applied', outcome: failed })

  expect(await hear({ order_id: ORDER })).toEqual({ kind: 'kept' })
  expect(kept).toEqual([])
})

test('another payment under a known key is buried for operators, the same one told otherwise is not', async () => {
  const known = {
    kind: 'succeeded',
    orderId: ORDER,
    holdId: null,
    paymentRef: 'pi_1',
    bodyHash: '0'.repeat(32),
  } as PaymentEvent
  const { hear, buried } = anInbox({ kind: 'busy' }, known)

  await hear({ order_id: ORDER, payment_intent_id: 'pi_1', note: 'told otherwise' })
  await hear({ order_id: ORDER, note: 'without its reference' })
  expect(buried).toEqual([])

  await hear({ order_id: ORDER, payment_intent_id: 'pi_2' })
  expect(buried).toEqual(['evt'])
})
