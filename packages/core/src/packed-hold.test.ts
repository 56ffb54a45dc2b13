import { describe, expect, test } from 'vitest'
import { aHash, anId, aPayment, aPlaceHold, aPlaceOrder, START_MS } from './builders.ts'
import type { Command } from './command.ts'
import {
  BATCH_FORMAT,
  BATCH_FORMATS,
  type CommandBatch,
  packBatch,
  packedBatch,
  unpackBatch,
} from './batch.ts'

const aBatch = (commands: Command[]): CommandBatch => ({
  kind: 'commands',
  format: BATCH_FORMAT,
  batchId: '0'.repeat(26),
  madeAtMs: START_MS,
  replyTo: 'an-api',
  commands,
})

/** What stands in Redis, and what a worker makes of it. */
function carried(commands: Command[]) {
  const data = JSON.parse(JSON.stringify(packBatch(aBatch(commands))))
  return { data, read: unpackBatch(packedBatch.parse(data)) }
}

describe('a plain hold is packed, and read as it was sent', () => {
  test.each([
    ['as most are', {}],
    ['of several units, for an hour', { quantity: 100, ttlMs: 3_600_000 }],
    ['of a customer', { customerRef: `a'"\\ \u{1f600}` }],
    ['under a key', { fingerprint: aHash('key') }],
    ['with the id of its request', { requestId: '72dec6096a57-bu' }],
    ['of the largest product', { productId: 999_999_999_999_999 }],
  ])('%s', (_, made) => {
    const command = aPlaceHold(made)

    const { data, read } = carried([command])

    expect(Array.isArray(data.commands[0])).toBe(true)
    expect(read).toEqual(aBatch([command]))
  })
})

describe('whatever else a command says, it is spelled out and read as it was sent', () => {
  const hold = aPlaceHold()
  test.each<[string, Command]>([
    ['a hold that takes what there is', aPlaceHold({ allowPartial: true })],
    ['a hold in place of others', aPlaceHold({ replaceExisting: true, customerRef: 'ann' })],
    ['a hold that has not the id of its command', aPlaceHold({ holdId: anId('hold', 999) })],
    ["a hold with another product's id", aPlaceHold({ holdId: anId('hold', 999, 8) })],
    ['an order', aPlaceOrder(hold.holdId)],
    ['a payment', aPayment('succeeded')],
  ])('%s', (_, command) => {
    const { data, read } = carried([hold, command, hold])

    expect(data.commands.map(Array.isArray)).toEqual([true, false, true])
    expect(read).toEqual(aBatch([hold, command, hold]))
  })
})

test('a batch of the format before, with its holds spelled out, is read', () => {
  const batch = { ...aBatch([aPlaceHold(), aPlaceHold({ customerRef: 'ann' })]), format: 1 }

  const read = unpackBatch(packedBatch.parse(JSON.parse(JSON.stringify(batch))))

  expect(BATCH_FORMATS).toContain(1)
  expect(read).toEqual(batch)
})

test.each([
  ['no units', 3, 0],
  ['half a unit', 3, 0.5],
  ['an id with a letter that no id has', 1, 'u'.repeat(26)],
  ['an id that is too long', 1, '0'.repeat(27)],
  ['a product of no number', 0, 'p'],
  ['a TTL past the longest', 4, 3_600_001],
  ['a name of more than 255 bytes', 5, 'é'.repeat(128)],
  ['a name that is no text', 5, 7],
  ['no moment of acceptance', 2, null],
  ['a product past the largest', 0, 1e15],
  ['a request of too long an id', 6, 'x'.repeat(129)],
  ['a fingerprint that is none', 7, 'f'.repeat(31)],
  ['a ninth value', 8, null],
])('a packed hold with %s is no batch', (_, at, value) => {
  const { data } = carried([aPlaceHold()])
  data.commands[0][at] = value

  expect(packedBatch.safeParse(data).success).toBe(false)
})
