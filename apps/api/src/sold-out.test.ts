import { formatId, type Outcome, type PlaceHold, type ReleaseHold } from '@flashlane/core'
import { expect, test } from 'vitest'
import { createSoldOut } from './sold-out.ts'

const X = '1'.repeat(26)
const head = { commandId: formatId('cmd', 7, X), productId: 7, acceptedAtMs: 1 }
const aHold = (over: Partial<PlaceHold> = {}): PlaceHold => ({
  type: 'PlaceHold',
  ...head,
  holdId: formatId('hold', 7, X),
  quantity: 1,
  ttlMs: 120_000,
  customerRef: null,
  ...over,
})
const refused = (available: number, version = 5): Outcome => ({
  outcome: 'refused',
  reason: 'insufficient_stock',
  facts: { available, requested: 1 },
  version,
})

function aDoor() {
  let ms = 0
  const door = createSoldOut({ monotonicMs: () => ms })
  return { ...door, pass: (by: number) => void (ms += by) }
}

test('a plain hold is turned away for a moment after the lane said that nothing is left, and then asks again', () => {
  const door = aDoor()
  expect(door.refusal(aHold())).toBeNull()

  door.learn(aHold(), refused(0))

  expect(door.refusal(aHold())).toEqual(refused(0))
  door.pass(199)
  expect(door.refusal(aHold())).toEqual(refused(0))
  door.pass(1)
  expect(door.refusal(aHold())).toBeNull()
})

test('another product is not turned away, and neither is anybody while something is left', () => {
  const door = aDoor()
  door.learn(aHold(), refused(0))
  expect(door.refusal(aHold({ productId: 8 }))).toBeNull()

  const other = aDoor()
  other.learn(aHold({ quantity: 3 }), refused(2))
  expect(other.refusal(aHold())).toBeNull()
})

test('what the lane might refuse for another reason goes to the lane', () => {
  const door = aDoor()
  door.learn(aHold({ customerRef: 'ann', quantity: 2 }), refused(0))

  expect(door.refusal(aHold({ customerRef: 'bob', quantity: 2 }))).not.toBeNull()
  expect(door.refusal(aHold({ customerRef: 'bob', quantity: 3 }))).toBeNull()
  expect(door.refusal(aHold())).toBeNull()
})

test('units that are given back through this process open the door at once', () => {
  const door = aDoor()
  door.learn(aHold(), refused(0))
  const release: ReleaseHold = { type: 'ReleaseHold', ...head, holdId: formatId('hold', 7, X) }
  const released = { outcome: 'accepted', version: 6 } as Outcome

  door.learn(release, released)

  expect(door.refusal(aHold())).toBeNull()
})

test('a repeat of an old refusal closes no door', () => {
  const door = aDoor()

  door.learn(aHold(), { ...refused(0), replayed: { fingerprint: null } })

  expect(door.refusal(aHold())).toBeNull()
})
