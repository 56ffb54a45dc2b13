/** An audit that goes on from a checkpoint: what lies behind it is gone, and nothing after it escapes. */
import {
  aCancelOrder,
  aHash,
  anExpireDue,
  anExtendHold,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aReleaseHold,
  aSettleRefund,
  PRODUCT_ID,
} from '@flashlane/core/builders.ts'
import type { Checkpoint } from '@flashlane/db'
import { setImmediate as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { audit } from './audit.ts'
import { CHECKERS, createFindings } from './findings.ts'
import { booksOf, type History, makeHistory } from './history.ts'
import { auditProduct } from './product.ts'

type Kept = Pick<History, 'state' | 'journal'> & { readonly checkpoint: Checkpoint }

/** As `npm run prune` leaves it. */
async function pruned({ state, journal }: History, beforeMs: number): Promise<Kept> {
  const findings = createFindings(CHECKERS)
  const auditing = { books: booksOf({ state, journal }), findings, pause, isCaptured: null }
  const checkpoint = await auditProduct(auditing, PRODUCT_ID, { beforeMs })
  expect(findings.report().violations).toEqual([])
  if (!checkpoint) throw new Error('nothing is that old')
  const { seq, appliedAtMs } = checkpoint
  const holds = [...state.holds].filter(
    ([, { orderId, endedAtMs }]) => orderId !== null || !(endedAtMs && endedAtMs <= appliedAtMs),
  )
  const outcomes = [...state.outcomes].filter(([, { outcome }]) => outcome.version > seq)
  return {
    state: { ...state, holds: new Map(holds), outcomes: new Map(outcomes) },
    journal: journal.filter((entry) => entry.seq > seq),
    checkpoint,
  }
}

const reportOf = (kept: Kept) => audit(booksOf(kept), { productId: PRODUCT_ID, pause })

/** `checker seq.index: sentence` */
const told = async (kept: Kept): Promise<readonly string[]> =>
  (await reportOf(kept)).violations.map(
    ({ checker, seq, index, sentence }) => `${checker} ${seq ?? '-'}.${index ?? '-'}: ${sentence}`,
  )

type Written = { command: Record<string, unknown>; outcome: Record<string, unknown> }

function forge({ journal }: Kept, seq: number, change: (commands: Written[]) => void): void {
  const row = journal.find((each) => each.seq === seq)
  if (!row) throw new Error(`no entry ${seq}`)
  const commands = JSON.parse(row.body) as Written[]
  change(commands)
  row.body = JSON.stringify(commands)
}

/** Up to entry 5, and then what changes of it, and what names what is gone. */
async function aSale() {
  const history = makeHistory()
  const keyed = aPlaceHold({ ttlMs: 3_000, fingerprint: aHash('keyed') })
  const tooMany = aPlaceHold({ quantity: 50, fingerprint: aHash('too many') })
  const [paid, late, kept, twice, lasting] = Array.from({ length: 5 }, () =>
    aPlaceHold({ ttlMs: 60_000 }),
  ) as [Hold, Hold, Hold, Hold, Hold]
  const orders = [paid, late, kept, twice].map(({ holdId }) => aPlaceOrder(holdId))
  const [ofPaid, ofLate, ofKept, ofTwice] = orders.map(({ orderId }) => orderId) as [
    string,
    string,
    string,
    string,
  ]
  const pay = (orderId: string, paymentRef: string) =>
    aPayment('succeeded', { ...history.now(), orderId, paymentRef })
  history.apply(keyed, paid, late, kept, twice, lasting, tooMany)
  history.apply(...orders, pay(ofPaid, 'pi_paid'), pay(ofKept, 'pi_kept'))
  // Its units stay sold, and one payment too many goes back.
  history.apply(
    aPayment('refunded', { orderId: ofKept, paymentRef: 'pi_kept', restockOnRefund: false }),
    pay(ofTwice, 'pi_twice'),
    pay(ofTwice, 'pi_twice_more'),
  )
  history.wait(6_000)
  history.apply(anExpireDue([keyed.holdId], history.now().acceptedAtMs, history.now()))
  history.wait(1_000)
  const beforeMs = history.now().acceptedAtMs

  const extend = (extendMs: number) => anExtendHold(lasting.holdId, { extendMs, ...history.now() })
  history.apply(extend(80_000))
  history.wait(1_000)
  const refund = { refundId: `${ofTwice.replace('ord_', 'rfd_')}_1`, orderId: ofTwice }
  history.apply(extend(90_000), aCancelOrder(ofLate), aSettleRefund(refund, 'sent'))
  history.apply(
    aReleaseHold(lasting.holdId),
    pay(ofLate, 'pi_late'),
    aPayment('refunded', { orderId: ofPaid, paymentRef: 'pi_paid', restockOnRefund: true }),
    aSettleRefund(refund, 'done'),
  )
  history.apply(keyed, tooMany, aReleaseHold(keyed.holdId), aPlaceOrder(keyed.holdId))
  return { kept: await pruned(history, beforeMs), lasting, history }
}

type Hold = ReturnType<typeof aPlaceHold>

test('what stood at the checkpoint is brought back, at the earliest that was told of it', async () => {
  const { kept } = await aSale()

  const report = await reportOf(kept)

  expect(kept.checkpoint).toMatchObject({
    seq: 5,
    product: { version: 5, held: 2, sold: 3 },
    made: { orders: 4, payments: 4, refunds: 1 },
    kept: 1,
  })
  expect(report.violations).toEqual([])
  expect(report.checkers.find(({ checker }) => checker === 'C2')?.looked).toEqual({
    entries: 4,
    'commands decided again': 8,
    'commands that name what was pruned, only folded': 4,
    'stored outcomes': 8,
  })
})

test('a later checkpoint is that of an audit which began at an earlier one', async () => {
  const { kept, history } = await aSale()
  const findings = createFindings(CHECKERS)
  const from = (books: ReturnType<typeof booksOf>) =>
    auditProduct({ books, findings, pause, isCaptured: null }, PRODUCT_ID, { beforeMs: Infinity })

  expect(await from(booksOf(kept))).toEqual(await from(booksOf(history)))
  expect(findings.report().ok).toBe(true)
})

test('entries behind the checkpoint are not read, and one that is missing after it is told', async () => {
  const { kept, history } = await aSale()
  const notDeletedYet = { ...kept, journal: history.journal, state: history.state }
  const gap = { ...kept, journal: kept.journal.slice(1) }

  expect(await told(notDeletedYet)).toEqual([])
  expect(await told(gap)).toContain(
    'C2 7.-: after seq 5 the journal goes on with seq 7: entries are missing',
  )
})

test('a hold and an order that were there at the checkpoint, and are not as the journal left them', async () => {
  const { kept, lasting } = await aSale()
  const hold = kept.state.holds.get(lasting.holdId)
  const paid = [...kept.state.orders.values()][0]
  if (!hold || !paid) throw new Error('a row is missing')
  kept.state.holds.set(hold.holdId, { ...hold, extensions: 1 })
  kept.state.orders.set(paid.orderId, { ...paid, status: 'cancelled' })

  expect(await told(kept)).toEqual([
    `C7 -.-: the row of the order ${paid.orderId} is not as the journal left it: status is "cancelled", not "refunded"`,
    `C8 -.-: the row of the hold ${hold.holdId} is not as the journal left it: extensions is 1, not 2`,
  ])
})

test.each([
  ['refused for another reason', 3, { outcome: 'refused', reason: 'hold_used', facts: {} }],
  [
    'a repeat of what was decided after the checkpoint',
    1,
    { outcome: 'refused', reason: 'customer_limit', facts: {}, version: 6, replayed: {} },
  ],
  ['accepted, and of another hold', 2, { outcome: 'accepted', result: { type: 'hold', hold: {} } }],
] as const)('only what must be is let go: not what was %s', async (_, index, outcome) => {
  const { kept } = await aSale()
  forge(kept, 9, (commands) => {
    const written = commands[index]
    if (written) written.outcome = outcome
  })

  expect(await told(kept)).toContainEqual(
    expect.stringMatching(new RegExp(`^C2 9\\.${index}: .* is decided otherwise`)),
  )
})
