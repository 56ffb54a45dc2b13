import type { Command, Decided, Product } from '@flashlane/core'
import {
  aHash,
  anExpireDue,
  aPlaceHold,
  aShop,
  givenHold,
  PRODUCT_ID,
  START_MS,
} from '@flashlane/core/builders.ts'
import { describe, expect, test } from 'vitest'
import { entryOf, parseEntry } from '@flashlane/db'

const CUSTOMER = 'ann'
/** What a record in full is at least: its fields have names. */
const SHORT_BYTES = 160

/** The decision as it was, and as the journal gives it back. */
function journaled(decided: Decided, n = 0) {
  const { appliedAtMs } = decided
  const seq = decided.outcome.version
  const head = { productId: decided.command.productId, batchId: 'b', seq, appliedAtMs }
  const { body } = entryOf(head, [{ n, decided }])
  const [read] = parseEntry({ seq, applied_at_ms: appliedAtMs, body: body.json })
  return { read, written: body.json }
}

/** What a reader is to find, made from the decision alone. */
const wholeOf = ({ command, given, outcome, changes }: Decided, n = 0) => ({
  n,
  command,
  given,
  outcome,
  changes: changes.map(({ entity, before, after }) => {
    const id = entity === 'product' ? String(after.productId) : 'holdId' in after && after.holdId
    if (before === null) return { entity, id, before, after }
    const was = new Map<string, unknown>(Object.entries(before))
    const differs = Object.entries(after).filter(([name, value]) => was.get(name) !== value)
    const names = differs.map(([name]) => [name, was.get(name)])
    return { entity, id, before: Object.fromEntries(names), after: Object.fromEntries(differs) }
  }),
})

const decide = (command: Command, made: Partial<Product> = {}) => aShop(made).apply(command)

describe('a hold that was granted as it was asked for', () => {
  test.each([
    ['as most are', {}],
    ['of several units, for long', { quantity: 7, ttlMs: 3_600_000 }],
    ['of a customer', { customerRef: `a'"\\ \u{1f600}` }],
    ['under a key', { customerRef: CUSTOMER, fingerprint: aHash('key') }],
    ['with the id of its request', { requestId: '72dec6096a57-bu' }],
    ['accepted after it was applied, as clocks go', { acceptedAtMs: START_MS + 17 }],
  ])('%s, is read whole from a short record', (_, made) => {
    const decided = decide(aPlaceHold(made))

    const { read, written } = journaled(decided, 3)

    expect(decided.outcome.outcome).toBe('accepted')
    expect(read).toEqual(wholeOf(decided, 3))
    expect(written.length).toBeLessThan(SHORT_BYTES)
  })
})

describe('what its short record could not tell is written in full', () => {
  test.each([
    ['a part of what was asked for', aPlaceHold({ quantity: 9, allowPartial: true }), 4],
    ['asked for in part, and granted whole', aPlaceHold({ allowPartial: true }), 4],
    ['a refusal', aPlaceHold({ quantity: 9 }), 4],
    ['a name of its own', aPlaceHold({ holdId: aPlaceHold().holdId }), 4],
  ])('%s', (_what: string, command: Command, stockTotal: number) => {
    const decided = decide(command, { stockTotal })

    const { read, written } = journaled(decided)

    expect(read).toEqual(wholeOf(decided))
    expect(JSON.parse(written)).toEqual([expect.objectContaining({ n: 0 })])
  })

  test('a hold in place of another', () => {
    const shop = aShop()
    givenHold(shop, { customerRef: CUSTOMER })
    const decided = shop.apply(aPlaceHold({ customerRef: CUSTOMER, replaceExisting: true }))

    expect(journaled(decided).read).toEqual(wholeOf(decided))
  })

  test('a hold that took the units of one that was due', () => {
    const shop = aShop({ stockTotal: 1 })
    givenHold(shop, { ttlMs: 1_000 })
    shop.wait(60_000)
    const decided = shop.apply(aPlaceHold(shop.now()))

    expect(decided.given.expiredIds).toHaveLength(1)
    expect(journaled(decided).read).toEqual(wholeOf(decided))
  })

  test('a repeat, which is answered from the hold', () => {
    const shop = aShop()
    const command = aPlaceHold({ fingerprint: aHash('key') })
    shop.tell(command)
    const decided = shop.apply(command)

    expect(decided.outcome).toHaveProperty('replayed')
    expect(journaled(decided).read).toEqual(wholeOf(decided))
  })

  test('what is no hold', () => {
    const shop = aShop()
    const holdId = givenHold(shop, { ttlMs: 1_000 })
    shop.wait(60_000)
    const decided = shop.apply(anExpireDue([holdId], shop.nowMs()))

    expect(decided.changes).toHaveLength(2)
    expect(journaled(decided).read).toEqual(wholeOf(decided))
  })

  test.each<[string, (decided: Decided) => Decided]>([
    ['a version of its own', (it) => ({ ...it, outcome: { ...it.outcome, version: 99 } })],
    ['a hold that is not as it was asked for', (it) => withAfter(it, 0, { ttlMs: 1 })],
    ['a product that changes in more than its units', (it) => withAfter(it, 1, { sold: 1 })],
  ])('%s, should a rule ever decide so', (_, forge) => {
    const granted = decide(aPlaceHold())
    const { appliedAtMs, outcome } = granted
    const head = { productId: PRODUCT_ID, batchId: 'b', seq: outcome.version, appliedAtMs }

    const { body } = entryOf(head, [{ n: 0, decided: forge(granted) }])

    expect(JSON.parse(body.json)).toEqual([expect.objectContaining({ n: 0 })])
  })
})

const withAfter = (decided: Decided, which: number, fields: object): Decided => ({
  ...decided,
  changes: decided.changes.map((change, n) =>
    n === which ? ({ ...change, after: { ...change.after, ...fields } } as typeof change) : change,
  ),
})
