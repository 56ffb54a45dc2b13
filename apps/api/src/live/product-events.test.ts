import { expect, test } from 'vitest'
import { aLive, follow, PRODUCT } from './fake-live.ts'

const PATH = `/products/${PRODUCT}/events`

test('a product is shown at once, with its version as the id, and how soon to come back', async () => {
  const { get, timers } = aLive()

  const response = await get(PATH)
  const stream = follow(response)
  await timers.settle()

  expect(response.headers.get('content-type')).toContain('text/event-stream')
  expect(stream.text()).toMatch(/^retry: \d{4}\n\nevent: product\nid: 1\ndata: \{.*\}\n\n$/)
  expect(stream.events()).toMatchObject([{ data: { id: PRODUCT, version: 1 } }])
})

test('a product that does not exist is 404, not a stream', async () => {
  const { get } = aLive()

  expect((await get('/products/8/events')).status).toBe(404)
  expect((await get('/products/x/events')).status).toBe(404)
})

test('who comes back with the current version is sent nothing until it changes; any other the snapshot', async () => {
  const it = aLive()
  it.commit()
  const current = follow(await it.get(PATH, { 'last-event-id': '2' }))
  const behind = follow(await it.get(PATH, { 'last-event-id': '1' }))
  const beyond = follow(await it.get(PATH, { 'last-event-id': '99' }))
  const strange = follow(await it.get(PATH, { 'last-event-id': 'x' }))
  await it.timers.advance(3_000)
  const before = current.versions()

  it.commit()
  await it.timers.advance(1_000)

  expect(before).toEqual([])
  expect(current.versions()).toEqual([3])
  for (const stream of [behind, beyond, strange]) expect(stream.versions()).toEqual([2, 3])
})

test('many changes a second become ten events at most, none older than the one before, and the last one comes', async () => {
  const it = aLive()
  const streams = [follow(await it.get(PATH)), follow(await it.get(PATH))]
  const readsBefore = it.asked.reads

  for (let i = 0; i < 200; i++) {
    it.commit()
    await it.timers.advance(5)
  }
  await it.timers.advance(100)

  for (const stream of streams) {
    const versions = stream.versions()
    expect(versions.length).toBeLessThanOrEqual(13)
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
    expect(versions.at(-1)).toBe(201)
  }
  expect(it.asked.reads - readsBefore).toBeLessThanOrEqual(12)
})

test('a lone change is shown at once', async () => {
  const it = aLive()
  const stream = follow(await it.get(PATH))
  await it.timers.advance(1_000)

  it.commit()
  await it.timers.settle()

  expect(stream.versions()).toEqual([1, 2])
})

test('a change whose message was lost is shown within some seconds', async () => {
  const it = aLive()
  const stream = follow(await it.get(PATH))
  await it.timers.advance(10_000)

  it.commit({ isLost: true })
  await it.timers.advance(2_500)

  expect(stream.versions()).toEqual([1, 2])
})

test('a new subscription looks for what was published before it stood', async () => {
  const it = aLive()
  const stream = follow(await it.get(PATH))
  await it.timers.advance(1_000)
  it.commit({ isLost: true })

  for (const listener of it.listeners.values()) listener.subscribed?.()
  await it.timers.advance(400)

  expect(stream.versions()).toEqual([1, 2])
})

test('a client that reads slowly gets fewer events, and the latest', async () => {
  const it = aLive()
  const response = await it.get(PATH)
  for (let i = 0; i < 50; i++) {
    it.commit()
    await it.timers.advance(200)
  }

  const stream = follow(response)
  await it.timers.settle()

  expect(stream.versions()).toEqual([51])
})

test('a silent stream has a heartbeat each 15 s', async () => {
  const it = aLive()
  const stream = follow(await it.get(PATH))

  await it.timers.advance(46_000)

  expect(stream.text().match(/^:$/gm)).toHaveLength(3)
})

test('a client that takes nothing for a minute is dropped', async () => {
  const it = aLive()
  await it.get(PATH)

  await it.timers.advance(60_000)

  expect([it.live.streams(), it.live.watchedProducts()]).toEqual([0, 0])
})

test('200 streams opened and closed leave no watcher and no subscription', async () => {
  const it = aLive()
  const streams = await Promise.all(
    Array.from({ length: 200 }, async () => follow(await it.get(PATH))),
  )
  const during = [it.live.streams(), it.live.watchedProducts(), it.listeners.size]

  await Promise.all(streams.map((stream) => stream.close()))

  expect(during).toEqual([200, 1, 1])
  expect([it.live.streams(), it.live.watchedProducts(), it.listeners.size]).toEqual([0, 0, 0])
})

test('a stream too many is 503 busy, until another ends', async () => {
  const it = aLive({ streamsMax: 1 })
  const first = follow(await it.get(PATH))

  const refused = await it.get(PATH)
  await first.close()
  const next = await it.get(PATH)

  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ code: 'busy' })
  expect(next.status).toBe(200)
})

test('at shutdown streams end, and no new one begins', async () => {
  const it = aLive()
  const stream = follow(await it.get(PATH))

  it.live.end()
  await it.timers.settle()

  expect(stream.isOver()).toBe(true)
  expect(it.listeners.size).toBe(0)
  expect((await it.get(PATH)).status).toBe(503)
})
