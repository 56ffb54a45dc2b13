import { expect, test } from 'vitest'
import { aLive, BATCH, commandOf, follow } from './fake-live.ts'

const COMMAND = commandOf(1)
const PATH = `/commands/${COMMAND}`

/** A live where the command stands in its lane. */
function aQueued() {
  const it = aLive()
  it.queued.add(COMMAND)
  return it
}

test('a poll that does not wait is told at once where the command stands', async () => {
  const it = aQueued()

  const response = await it.get(PATH)

  expect(await response.json()).toEqual({ command_id: COMMAND, status: 'queued', position: 20 })
  expect(response.headers.get('retry-after')).toBe('1')
})

test('a poll that waits is answered as soon as the command is applied', async () => {
  const it = aQueued()
  const poll = it.get(`${PATH}?wait=30`)
  await it.timers.advance(3_000)
  const waiting = it.live.polls()

  it.apply(COMMAND)
  await it.timers.settle()

  expect(waiting).toBe(1)
  expect(await (await poll).json()).toMatchObject({
    command_id: COMMAND,
    status: 'applied',
    outcome: 'refused',
    http_status: 409,
    problem: { code: 'insufficient_stock', instance: PATH },
  })
  expect([it.live.polls(), it.live.watchedProducts(), it.listeners.size]).toEqual([0, 0, 0])
})

test('a poll that waited long enough is told that the command is queued', async () => {
  const it = aQueued()
  const poll = it.get(`${PATH}?wait=2`)

  await it.timers.advance(2_000)

  expect(await (await poll).json()).toMatchObject({ status: 'queued' })
  expect([it.live.polls(), it.live.watchedProducts()]).toEqual([0, 0])
})

test.each(['31', '-1', '1.5', 'x', ''])('wait=%s is 422', async (wait) => {
  const it = aQueued()

  const response = await it.get(`${PATH}?wait=${wait}`)

  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ errors: [{ field: 'wait' }] })
})

test('a command that nobody knows is 404 at once, however long the client would wait', async () => {
  const it = aLive()

  expect((await it.get(`${PATH}?wait=30`)).status).toBe(404)
})

test('a command that Redis lost is 404 when nobody has sent it again within some seconds', async () => {
  const it = aQueued()
  const poll = it.get(`${PATH}?wait=30`)
  await it.timers.advance(1_000)

  it.queued.delete(COMMAND)
  await it.timers.advance(9_000)

  expect((await poll).status).toBe(404)
})

test('without Redis a poll is answered from MySQL', async () => {
  const it = aQueued()
  const poll = it.get(`${PATH}?wait=30`)
  await it.timers.advance(1_000)
  it.lane.isRedisAway = true
  await it.timers.advance(12_000)
  const waiting = it.live.polls()

  it.apply(COMMAND)
  await it.timers.settle()

  expect(waiting).toBe(1)
  expect((await poll).status).toBe(200)
})

test('a thousand who wait for one product share the looks; only what left the lane is asked for in MySQL', async () => {
  const it = aLive()
  const ids = Array.from({ length: 1_000 }, (_, n) => commandOf(n + 1))
  for (const id of ids) it.queued.add(id)
  const polls = ids.map((id) => it.get(`/commands/${id}?wait=30`))
  await it.timers.advance(1_000)
  it.asked.looks.length = 0
  it.asked.finds = 0

  for (const id of ids.slice(0, 10)) it.apply(id)
  await it.timers.advance(100)

  const told = await Promise.all(polls.slice(0, 10))
  expect(told.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(it.live.polls()).toBe(990)
  expect(it.asked.looks.length).toBeLessThanOrEqual(2)
  expect(it.asked.finds).toBe(10)
})

test('a client that is gone does not wait any more', async () => {
  const it = aQueued()
  const gone = new AbortController()
  const poll = it.get(`${PATH}?wait=30`, {}, gone.signal)
  await it.timers.advance(100)

  gone.abort()
  await poll

  expect([it.live.polls(), it.live.watchedProducts()]).toEqual([0, 0])
})

test('at shutdown polls are answered with what is known', async () => {
  const it = aQueued()
  const poll = it.get(`${PATH}?wait=30`)
  await it.timers.advance(100)

  it.live.end()

  expect(await (await poll).json()).toMatchObject({ status: 'queued' })
})

test('the events of a command: where it stands when that changes, then its outcome, then the end', async () => {
  const it = aQueued()
  const stream = follow(await it.get(`${PATH}/events`))
  await it.timers.advance(5_000)
  it.lane.place = { ...it.lane.place, jobsBefore: 1, earlierBefore: 1 }
  await it.timers.advance(1_000)

  it.apply(COMMAND)
  await it.timers.advance(1_000)

  const events = stream.events()
  expect(events.map(({ event }) => event)).toEqual(['queued', 'queued', 'applied'])
  expect(events[0]?.data).toEqual({ command_id: COMMAND, status: 'queued', position: 20 })
  expect(events[1]?.data).toMatchObject({ position: 10, eta_ms: expect.any(Number) })
  expect(events[2]).toMatchObject({ data: await (await it.get(PATH)).json() })
  expect(stream.isOver()).toBe(true)
  expect([it.live.streams(), it.live.watchedProducts(), it.listeners.size]).toEqual([0, 0, 0])
})

test('the events of an applied command are its outcome; who has that is told to stop asking', async () => {
  const it = aLive()
  it.apply(COMMAND)

  const stream = follow(await it.get(`${PATH}/events`))
  await it.timers.settle()
  const again = await it.get(`${PATH}/events`, { 'last-event-id': stream.events()[0]?.id ?? '' })

  expect(stream.events().map(({ event }) => event)).toEqual(['applied'])
  expect(stream.isOver()).toBe(true)
  expect(again.status).toBe(204)
})

test('where a batch stands is asked for twice a second at most, for all its commands together', async () => {
  const it = aQueued()
  let asked = 0
  const { place } = it.lane
  Object.defineProperty(it.lane, 'place', {
    get() {
      asked++
      return place
    },
  })

  await Promise.all(Array.from({ length: 50 }, () => it.live.standingOf(7, BATCH)))
  const together = asked
  await it.timers.advance(500)
  await it.live.standingOf(7, BATCH)

  expect([together, asked]).toEqual([1, 2])
})
