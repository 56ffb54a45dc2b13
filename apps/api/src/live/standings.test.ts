import { expect, test } from 'vitest'
import type { Place } from '../lanes.ts'
import { createStandings } from './standings.ts'

const waiting: Place = {
  isThere: true,
  isWaiting: true,
  jobsBefore: 100,
  earlierBefore: null,
  commands: 4,
}

/** A lane that answers what the test says, at the time that it says. */
function aLane() {
  const it = { place: waiting, nowMs: 0, isAway: false, followed: [] as string[] }
  const standingOf = createStandings({
    async placeOf(_lane, _batchId, earlierId) {
      it.followed.push(earlierId)
      if (it.isAway) throw new Error('Redis is away')
      return it.place
    },
    laneOf: (productId) => `p${productId}`,
    monotonicMs: () => it.nowMs,
    onFault: () => {},
  })
  return { it, standingOf }
}

test('how far an earlier batch came tells the pace of the lane, whoever sent what it took', async () => {
  const { it, standingOf } = aLane()

  const first = await standingOf(1, 'a')
  it.nowMs = 1_000
  it.place = { ...waiting, jobsBefore: 79, earlierBefore: 60 }
  const second = await standingOf(1, 'b')

  expect(first).toEqual({ position: 400, etaMs: null })
  expect(second).toEqual({ position: 316, etaMs: 2_000 })
  expect(it.followed).toEqual(['a', 'a'])
})

test('an earlier batch that was taken meanwhile shows that at least all before it were', async () => {
  const { it, standingOf } = aLane()
  await standingOf(1, 'a')

  it.nowMs = 1_000
  it.place = { ...waiting, jobsBefore: 49, earlierBefore: null }

  expect(await standingOf(1, 'b')).toEqual({ position: 196, etaMs: 500 })
})

test('a batch that is worked has nobody before it', async () => {
  const { it, standingOf } = aLane()
  it.place = { ...waiting, isWaiting: false, jobsBefore: 0 }

  expect(await standingOf(1, 'a')).toEqual({ position: 0, etaMs: null })
})

test('nothing is said of a batch that Redis does not know, or where Redis is away', async () => {
  const { it, standingOf } = aLane()
  it.place = { ...waiting, isThere: false }
  const unknown = await standingOf(1, 'a')

  it.nowMs = 1_000
  it.isAway = true

  expect([unknown, await standingOf(1, 'a')]).toEqual([null, null])
})
