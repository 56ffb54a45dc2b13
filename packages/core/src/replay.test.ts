import { expect, test } from 'vitest'
import { aHash, anExpireDue, aPayment, aPlaceHold, aReleaseHold } from './builders.ts'
import { deriveX, parseId } from './ids.ts'
import { replayOf } from './replay.ts'

const x = deriveX(new Uint8Array(16).fill(7))
const nowMs = 1_900_000_000_000
const replay = (body: unknown, isKeyUsed = false) => replayOf(body, { x, nowMs, isKeyUsed })

test('a replayed hold is a new command with a hold of its own, accepted now, without the old key', () => {
  const buried = aPlaceHold({ quantity: 3, fingerprint: aHash('request') })

  const again = replay(JSON.parse(JSON.stringify(buried)))

  expect(again).toMatchObject({ type: 'PlaceHold', quantity: 3, acceptedAtMs: nowMs })
  expect(again).not.toHaveProperty('fingerprint')
  expect(again?.type === 'PlaceHold' && parseId(again.holdId)?.x).toBe(x)
  expect(again?.commandId).not.toBe(buried.commandId)
})

test('a release names the same hold again', () => {
  const { holdId } = aPlaceHold()

  expect(replay(aReleaseHold(holdId))).toMatchObject({ holdId })
})

test('a payment keeps its key, unless that was used by another', () => {
  const buried = aPayment('succeeded', { eventKey: 'evt_1' })

  expect(replay(buried)).toMatchObject({ eventKey: 'evt_1' })
  expect(replay(buried, true)).toMatchObject({ eventKey: `evt_1#${x}` })
  expect(replay({ ...buried, eventKey: 'k'.repeat(255) }, true)).toMatchObject({ eventKey: x })
})

test('an expiry, and what is no command, is not replayed', () => {
  expect(replay(anExpireDue([], 1))).toBeNull()
  expect(replay({ format: 1, kind: 'commands' })).toBeNull()
  expect(replay(null)).toBeNull()
})
