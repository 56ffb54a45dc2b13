import { describe, expect, test } from 'vitest'
import {
  aCancelOrder,
  aHash,
  anAdjustStock,
  anExpireDue,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  aReleaseHold,
  aShop,
  givenHold,
  givenOrder,
} from '../builders.ts'
import type { Command } from '../command.ts'
import { InvariantError } from '../invariant.ts'
import { emptyState } from '../state.ts'
import { decide } from './decide.ts'

const key = { fingerprint: aHash('the first request') }
const reused = { fingerprint: aHash('another request') }

describe('the repeat of a keyed command', () => {
  test('a hold is answered as at its birth, whatever became of it', () => {
    const shop = aShop()
    const command = aPlaceHold(key)
    const born = shop.tell(command)
    shop.tell(aReleaseHold(command.holdId))
    shop.wait(86_400_000)

    const again = shop.apply(command)

    expect(again.outcome).toEqual({ ...born, replayed: key })
    expect(again.changes).toEqual([])
  })

  test('an order is answered as at its birth, whatever became of it', () => {
    const shop = aShop()
    const command = aPlaceOrder(givenHold(shop), key)
    const born = shop.tell(command)
    shop.tell(aPayment('succeeded', { orderId: command.orderId }))

    const again = shop.apply(command)

    expect(again.outcome).toEqual({ ...born, replayed: key })
    expect(born).toMatchObject({ result: { order: { status: 'pending' } } })
  })

  test('an order born paid is answered as paid, though its money went back', () => {
    const shop = aShop()
    const command = aPlaceOrder(givenHold(shop), key)
    shop.tell(aPayment('succeeded', { orderId: command.orderId }))
    const born = shop.tell(command)
    shop.tell(aPayment('refunded', { orderId: command.orderId }))

    expect(shop.tell(command)).toEqual({ ...born, replayed: key })
    expect(born).toMatchObject({ result: { order: { status: 'paid' } } })
  })

  test('a refusal stays a refusal, though it could be granted by now', () => {
    const shop = aShop({ stockTotal: 0 })
    const command = aPlaceHold(key)
    const born = shop.tell(command)
    shop.tell(anAdjustStock({ set: 5 }))

    expect(shop.tell(command)).toEqual({ ...born, replayed: key })
    expect(shop.product().held).toBe(0)
  })

  test.each([
    ['a release', (shop: ReturnType<typeof aShop>) => aReleaseHold(givenHold(shop), key)],
    ['a cancel', (shop: ReturnType<typeof aShop>) => aCancelOrder(givenOrder(shop), key)],
    ['a change of stock', () => anAdjustStock({ delta: 5 }, key)],
  ])('%s has its effect once', (_, made) => {
    const shop = aShop()
    const command: Command = made(shop)
    const born = shop.tell(command)
    const counters = { ...shop.product(), version: 0 }

    const again = shop.apply(command)

    expect(again.outcome).toEqual({ ...born, replayed: key })
    expect(again.changes).toEqual([])
    expect({ ...shop.product(), version: 0 }).toEqual(counters)
  })

  test('within one batch it is answered alike', () => {
    const shop = aShop({ stockTotal: 1 })
    const command = aPlaceHold(key)

    const [first, second] = shop.applyBatch([command, command])

    expect(second?.outcome).toEqual({ ...first?.outcome, replayed: key })
    expect(shop.product().held).toBe(1)
  })

  test('another request under the same key gets the first one’s fingerprint, to be told apart', () => {
    const shop = aShop()
    const command = aPlaceHold(key)
    shop.tell(command)

    expect(shop.tell({ ...command, quantity: 3, ...reused })).toMatchObject({ replayed: key })
    expect(shop.product().held).toBe(1)
  })
})

test('an outcome carries the version of the batch that made it', () => {
  const shop = aShop({ version: 41 })

  const outcomes = shop.applyBatch([aPlaceHold(), aPlaceHold({ quantity: 99 })])

  expect(outcomes.map(({ outcome }) => outcome.version)).toEqual([42, 42])
})

test('a command for a product that is not there is a bug, not a refusal', () => {
  expect(() => decide(aPlaceHold(), emptyState(), 1)).toThrow(InvariantError)
})

test('counters that would not add up are a bug, and nothing is changed', () => {
  const shop = aShop()
  const holdId = givenHold(shop, { ttlMs: 3_000 })
  shop.state.products.set(shop.product().productId, { ...shop.product(), held: 0 })
  shop.wait(60_000)

  expect(() => shop.tell(anExpireDue([holdId], shop.nowMs()))).toThrow(InvariantError)
  expect(shop.hold(holdId).status).toBe('active')
})
