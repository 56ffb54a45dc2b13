import { expect, test } from 'vitest'
import { createClient } from './client.ts'
import { FlashlaneError } from './errors.ts'
import { type Answer, cut, events, problem, startServer } from './test-server.ts'

const QUICKLY = { baseMs: 1 }

const shown = (...versions: number[]): string =>
  `retry: 1\n\n${versions
    .map((version) => `event: product\nid: ${version}\ndata: {"id":1,"version":${version}}\n\n`)
    .join('')}`

async function watch(
  answers: readonly [Answer, ...Answer[]],
  { until, lastVersion }: { until: number; lastVersion?: number },
) {
  const { baseUrl, received } = await startServer(...answers)
  const client = createClient({ baseUrl, retries: QUICKLY })
  const versions: number[] = []
  const options = lastVersion === undefined ? {} : { lastVersion }
  for await (const { version } of client.watchProduct(1, options)) {
    versions.push(version)
    if (version >= until) break
  }
  return { versions, asked: received.map(({ headers }) => headers['last-event-id']) }
}

test('a product is followed over streams that end, are cut, or are refused for a moment', async () => {
  const { versions, asked } = await watch(
    [
      events(shown(1, 2), { isEnded: true }),
      events(shown(3), { isCut: true }),
      cut,
      problem(503, 'busy', { headers: { 'retry-after': '0' } }),
      events(shown(5, 6)),
    ],
    { until: 6 },
  )

  expect(versions).toEqual([1, 2, 3, 5, 6])
  expect(asked).toEqual([undefined, '2', '3', '3', '3'])
})

test('a version that is known already is told, and an older one is not shown after it', async () => {
  const { versions, asked } = await watch(
    [events(shown(3), { isEnded: true }), events(shown(2, 4))],
    { until: 4, lastVersion: 3 },
  )

  expect(versions).toEqual([3, 4])
  expect(asked).toEqual(['3', '3'])
})

test('a letter that comes in two pieces is one', async () => {
  const bytes = Buffer.from('data: {"id":1,"name":"Fön","version":1}\n\n')
  const half = bytes.indexOf(Buffer.from('ö')) + 1
  const body = ReadableStream.from([bytes.subarray(0, half), bytes.subarray(half)])
  const fetch = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })

  const { value } = await createClient({ baseUrl: '', fetch }).watchProduct(1).next()

  expect(value).toMatchObject({ name: 'Fön' })
})

test('one that is not there is an error, once', async () => {
  const { baseUrl, received } = await startServer(problem(404, 'product_not_found'))

  const error: unknown = await createClient({ baseUrl })
    .watchProduct(1)
    .next()
    .catch((error: unknown) => error)

  expect(error).toBeInstanceOf(FlashlaneError)
  expect(error).toMatchObject({ code: 'product_not_found' })
  expect(received).toHaveLength(1)
})

test('whoever stops watching lets the connection go; an abort ends a wait with its reason', async () => {
  let closed = 0
  const open: Answer = (response, request) => {
    response.on('close', () => closed++)
    events(shown(1))(response, request)
  }
  const { baseUrl } = await startServer(open)
  const client = createClient({ baseUrl })
  const ending = new AbortController()
  const reason = new Error('enough')

  for await (const _ of client.watchProduct(1)) break
  const watching = client.watchProduct(1, { signal: ending.signal })
  await watching.next()
  const waiting = watching.next()
  ending.abort(reason)

  await expect(waiting).rejects.toBe(reason)
  await expect.poll(() => closed).toBe(2)
})
