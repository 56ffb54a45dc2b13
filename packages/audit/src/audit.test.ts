import type { Change, Product } from '@flashlane/core'
import {
  aCancelOrder,
  aChangeProduct,
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
import { type JournalRow, parseEntry } from '@flashlane/db'
import { setImmediate as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { audit } from './audit.ts'
import { booksOf, type History, makeHistory } from './history.ts'

const auditOf = (history: Pick<History, 'state' | 'journal'>) =>
  audit(booksOf(history), { productId: PRODUCT_ID, pause })

/** `checker seq.index: sentence` */
const told = async (history: Pick<History, 'state' | 'journal'>): Promise<readonly string[]> =>
  (await auditOf(history)).violations.map(
    ({ checker, seq, index, sentence }) => `${checker} ${seq ?? '-'}.${index ?? '-'}: ${sentence}`,
  )

type Written = {
  n: number
  command: Record<string, unknown>
  outcome: Record<string, unknown>
  changes: { entity: string; id: string; before: unknown; after: Record<string, unknown> }[]
}

const wholeOf = (row: JournalRow, record: unknown): unknown =>
  parseEntry({ ...row, body: JSON.stringify([record]) })[0]

/** Forges what stands in the journal at a place. */
function forge(history: History, seq: number, change: (commands: Written[]) => void): void {
  const row = history.journal.find((each) => each.seq === seq)
  if (!row) throw new Error(`no entry ${seq}`)
  const records = JSON.parse(row.body) as Written[]
  // A granted hold's record has no names for what is forged.
  const commands = records.map((each) =>
    Array.isArray(each) ? (wholeOf(row, each) as Written) : each,
  )
  change(commands)
  row.body = JSON.stringify(commands)
}

const changeOf = (command: Written | undefined, entity: Change['entity']) => {
  const found = command?.changes.find((each) => each.entity === entity)
  if (!found) throw new Error(`it changes no ${entity}`)
  return found
}

/** 2: a hold. 3: its order, and a hold. 4: the order is paid, the hold released. 5: a hold. 6: it expires. */
function aSale() {
  const history = makeHistory()
  const keyed = { fingerprint: aHash('request') }
  const [first, second, third] = [
    aPlaceHold(keyed),
    aPlaceHold({ quantity: 2 }),
    aPlaceHold({ ttlMs: 3_000 }),
  ]
  const order = aPlaceOrder(first.holdId)
  history.apply(first)
  history.apply(order, second)
  const paid = aPayment('succeeded', { orderId: order.orderId, paymentRef: 'pi_1', amount: 50 })
  history.apply(paid, aReleaseHold(second.holdId))
  history.apply(third)
  history.wait(6_000)
  history.apply(anExpireDue([third.holdId], history.now().acceptedAtMs, history.now()))
  return { history, holds: [first, second, third] as const, order, paid }
}

test('a sale as it should be has nothing to tell, and everything of it was looked at', async () => {
  const { history, holds, order, paid } = aSale()
  const [first, second] = holds
  history.apply(first, anExtendHold(second.holdId), aCancelOrder(order.orderId), paid)
  history.apply(
    aChangeProduct({ maxPerCustomer: 2, price: 60 }),
    aPlaceHold({ customerRef: 'ann' }),
  )
  history.apply(aPlaceHold({ customerRef: 'ann', quantity: 2, replaceExisting: true }))
  history.apply(aPlaceHold({ customerRef: 'ann' }))

  const report = await auditOf(history)

  expect(report.violations).toEqual([])
  expect(report.checkers.map(({ looked }) => looked)).toMatchObject([
    { 'versions of the counters': 16 },
    { entries: 10, 'commands decided again': 16 },
    { orders: 1, payments: 1, 'payment events': 1 },
    { holds: 5, 'ends of holds': 4 },
  ])
})

test('an entry of other rules is folded, and not decided again', async () => {
  const { history } = aSale()
  const row = history.journal[1]
  if (row) row.rules = 1
  forge(history, 2, ([command]) => Object.assign(command?.command ?? {}, { quantity: 1, ttlMs: 1 }))

  const report = await auditOf(history)

  expect(report.checkers[1]?.looked).toMatchObject({ 'commands of other rules, only folded': 1 })
  expect(report.violations.filter(({ seq }) => seq === 2)).toEqual([])
})

test('C1: a counter that moves by one too many', async () => {
  const { history } = aSale()
  forge(history, 2, ([command]) => {
    changeOf(command, 'product').after['held'] = 2
  })

  expect(await told(history)).toContain('C1 2.0: held moves by 2, its holds and orders by 1')
})

test('C1: more held and sold than there is', async () => {
  const { history } = aSale()
  forge(history, 1, ([command]) => Object.assign(command?.command ?? {}, { stockTotal: 0 }))

  expect(await told(history)).toContain('C1 2.0: oversold: held 1, sold 0 and available -1 of 0')
})

test('C1: a row that has another number than the journal, and the holds and orders', async () => {
  const { history } = aSale()
  const product = history.state.products.get(PRODUCT_ID) as Product
  history.state.products.set(PRODUCT_ID, { ...product, sold: 2 })

  expect(await told(history)).toEqual([
    "C1 -.-: the product's row says sold 2, the journal 1",
    "C1 -.-: the product's row says sold 2, but there are 1 in paid and confirmed orders and 0 refunded but kept",
  ])
})

test('C2: a gap, a wrong beginning, and a time that goes back', async () => {
  const gap = aSale().history
  gap.journal.splice(4, 1)
  const headless = aSale().history
  headless.journal.shift()
  const backwards = aSale().history
  const row = backwards.journal[5]
  if (row) row.applied_at_ms -= 60_000

  expect(await told(gap)).toContain(
    'C2 6.-: after seq 4 the journal goes on with seq 6: entries are missing',
  )
  expect(await told(headless)).toContain(
    'C2 2.-: the journal begins with seq 2: entries are missing',
  )
  expect(await told(backwards)).toContain('C2 6.-: its time is 54000 ms before the last')
})

test('C2: an outcome that the rules would not give', async () => {
  const { history } = aSale()
  forge(history, 4, ([, release]) => {
    if (release) release.outcome = { outcome: 'refused', reason: 'hold_expired', facts: {} }
  })

  expect((await told(history))[0]).toMatch(/^C2 4\.1: ReleaseHold is decided otherwise: .*refused/)
})

test('C2: a change that the rules would not make, and one of what is not there', async () => {
  const lacking = aSale().history
  forge(lacking, 4, ([, release]) => release?.changes.pop())
  const foreign = aSale().history
  forge(foreign, 4, ([, release]) => {
    changeOf(release, 'hold').id = 'hold_7_nobody'
  })

  expect(await told(lacking)).toContainEqual(
    expect.stringMatching(/^C2 4\.1: .*changed other things/),
  )
  expect(await told(foreign)).toContainEqual(
    'C2 4.1: the hold hold_7_nobody, which it changes, is not there',
  )
})

test('C2: a command that failed and changed things, and an entry that cannot be read', async () => {
  const failed = aSale().history
  forge(failed, 2, ([command]) => {
    if (command) command.outcome = { outcome: 'error' }
  })
  const torn = aSale().history
  const row = torn.journal[2]
  if (row) row.body = row.body.slice(0, 20)

  expect(await told(failed)).toContain('C2 2.0: it failed and changed things')
  expect(await told(torn)).toContain('C2 3.-: it cannot be read')
})

test('C2: a stored outcome that repeats would be answered, and is another', async () => {
  const { history } = aSale()
  for (const [id, stored] of history.state.outcomes) {
    history.state.outcomes.set(id, { ...stored, outcome: { outcome: 'error', version: 4 } })
  }

  expect(await told(history)).toContainEqual(
    expect.stringMatching(/^C2 4\.1: the stored outcome of cmd_.* differs/),
  )
})

test('C7: an event with an effect that it has had before, and one that is gone', async () => {
  const { history, paid } = aSale()
  history.apply(aSettleRefund({ refundId: 'rfd_7_x_0', orderId: 'ord_7_x' }, 'done'))
  forge(history, 7, ([command]) => {
    const { payload: _, ...told } = paid
    const event = { ...history.state.events.get(`${paid.provider} ${paid.eventKey}`) }
    Object.assign(command ?? {}, {
      command: told,
      given: { events: [event], expiredIds: [], owners: {}, refunds: {} },
      changes: [{ entity: 'event', id: `stripe ${paid.eventKey}`, before: {}, after: {} }],
    })
  })
  const gone = aSale()
  gone.history.state.events.clear()

  expect(await told(history)).toContain(`C7 7.0: the event ${paid.eventKey} has its effect twice`)
  expect(await told(gone.history)).toContainEqual(
    expect.stringMatching(/^C7 4\.0: the payment event stripe .* is not in the table/),
  )
})

test('C8: a hold that expires before its deadline', async () => {
  const { history, holds } = aSale()
  const row = history.journal[5]
  if (row) row.applied_at_ms -= 4_000

  expect(await told(history)).toContain(
    `C8 6.0: the hold ${holds[2].holdId} expires 1000 ms before its deadline`,
  )
})

test('C8: an extended hold that expires at the deadline which it had before', async () => {
  const history = makeHistory()
  const hold = aPlaceHold({ ttlMs: 3_000 })
  history.apply(hold, anExtendHold(hold.holdId, { extendMs: 10_000 }))
  history.wait(20_000)
  history.apply(anExpireDue([hold.holdId], history.now().acceptedAtMs, history.now()))
  const early = makeHistory()
  early.journal.splice(0, 1, ...history.journal)
  Object.assign(early.state, history.state)
  expect(await told(early)).toEqual([])

  const row = early.journal[2]
  if (row) row.applied_at_ms -= 14_000

  expect(await told(early)).toContain(
    `C8 3.0: the hold ${hold.holdId} expires 4000 ms before its deadline`,
  )
})

test('C8: a hold with two ends', async () => {
  const { history, holds } = aSale()
  forge(history, 6, ([command]) => {
    const change = changeOf(command, 'hold')
    change.id = holds[1].holdId
    change.before = { status: 'released', endedAtMs: history.journal[3]?.applied_at_ms }
  })

  expect(await told(history)).toContain(
    `C8 6.0: the hold ${holds[1].holdId} ends twice: it is expired after it was released`,
  )
})

test('C8: a row that is not as the journal left it, one that is missing, and one too many', async () => {
  const { history, holds } = aSale()
  const [first, second, third] = holds.map(({ holdId }) => history.state.holds.get(holdId))
  if (!first || !second || !third) throw new Error('a hold is missing')
  history.state.holds.set(third.holdId, { ...third, status: 'active' })
  history.state.holds.delete(second.holdId)
  history.state.holds.set('hold_7_other', { ...first, holdId: 'hold_7_other' })
  history.state.holds.set('hold_7_more', { ...first, holdId: 'hold_7_more' })

  const sentences = await told(history)

  expect(sentences).toContain(
    `C8 -.-: the row of the hold ${third.holdId} is not as the journal left it: status is "active", not "expired"`,
  )
  expect(sentences).toContain(`C8 -.-: the row of the hold ${second.holdId} is missing`)
  expect(sentences).toContain('C8 -.-: there are 4 rows of holds, and the journal made 3')
})
