import { describe, expect, test } from 'vitest'
import { aHash, anId, aPayment, aPlaceHold, aPlaceOrder, aShop, givenHold } from './builders.ts'
import type { Command } from './command.ts'
import { packReply, unpackOutcomes } from './reply.ts'
import type { Product } from './state.ts'

const CUSTOMER = 'ann'

/** A batch's outcomes, as the lane decided them and as the api reads them. */
function told(commands: readonly Command[], made: Partial<Product> = {}, shop = aShop(made)) {
  const outcomes = shop.applyBatch(commands).map(({ outcome }) => outcome)
  const message = JSON.stringify(packReply({ batchId: 'b', commands, outcomes, depth: 3 }))
  const reply = JSON.parse(message)
  return { outcomes, reply, read: unpackOutcomes(reply, commands) }
}

test('holds that were granted as they were asked for are told by a number each', () => {
  const commands = [
    aPlaceHold(),
    aPlaceHold({ quantity: 3, customerRef: CUSTOMER }),
    aPlaceHold({ ttlMs: 3_600_000, fingerprint: aHash('key') }),
  ]

  const { outcomes, reply, read } = told(commands)

  expect(reply).toMatchObject({ batchId: 'b', outcomes: [0, 0, 0], depth: 3 })
  expect(reply.grants).toHaveLength(1)
  expect(read).toEqual(outcomes)
})

describe('all else is told in full, in its place', () => {
  const order = aPlaceHold()
  test.each<[string, Command[], Partial<Product>]>([
    ['a part', [aPlaceHold(), aPlaceHold({ quantity: 9, allowPartial: true })], { stockTotal: 4 }],
    ['a refusal', [aPlaceHold({ quantity: 9 }), aPlaceHold()], { stockTotal: 4 }],
    ['an order and its payment', [order, aPlaceOrder(order.holdId), aPayment('succeeded')], {}],
    ['a foreign name', [aPlaceHold({ holdId: anId('hold', 99) }), aPlaceHold()], {}],
  ])('%s', (_, commands, made) => {
    const { outcomes, read } = told(commands, made)

    expect(read).toEqual(outcomes)
  })

  test('a repeat, which is answered what the hold was at its birth', () => {
    const shop = aShop()
    const command = aPlaceHold({ fingerprint: aHash('key') })
    shop.tell(command)
    shop.wait(10)
    const { outcomes, reply, read } = told([command, aPlaceHold(shop.now())], {}, shop)

    expect(outcomes[0]).toHaveProperty('replayed')
    expect(reply.outcomes).toEqual([outcomes[0], 0])
    expect(read).toEqual(outcomes)
  })
})

test('what differs between the holds of a batch is told apart', () => {
  const shop = aShop()
  const [first, second] = [aPlaceHold(), aPlaceHold()]
  const outcomes = [first, second].map((command, n) => {
    shop.wait(n * 5)
    return shop.tell(command)
  })
  const commands = [first, second, first]
  const all = [...outcomes, ...outcomes.slice(0, 1)]

  const reply = packReply({ batchId: 'b', commands, outcomes: all, depth: 0 })

  expect(reply.outcomes).toEqual([0, 1, 0])
  expect(unpackOutcomes(reply, commands)).toEqual(all)
})

test('outcomes without commands are told as they are', () => {
  const shop = aShop()
  givenHold(shop)
  const outcome = shop.tell(aPlaceHold())

  const reply = packReply({ batchId: 'b', commands: [], outcomes: [outcome], depth: 0 })

  expect(unpackOutcomes(reply, [])).toEqual([outcome])
})
