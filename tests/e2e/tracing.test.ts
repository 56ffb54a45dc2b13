import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Flashlane, startOwnFlashlane } from '../support/flashlane.ts'
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp-collector.ts'
import { placeHold } from '../support/shop.ts'
import { until } from '../support/until.ts'

let flashlane: Flashlane
let collector: Collector

beforeAll(async () => {
  collector = await startCollector()
})
afterAll(() => collector.close())

const startTraced = (more: Record<string, string> = {}) =>
  startOwnFlashlane({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ...more,
    },
  })

const ofTrace = (traceId: string): readonly CollectedSpan[] =>
  collector.spans.filter((span) => span.traceId === traceId)

const aTrace = () => {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } }
}

test('one trace leads from the request through the lane to the commit', async () => {
  flashlane = await startTraced()
  const product_id = await flashlane.product({ stock: 1 })
  const { traceId, spanId, headers } = aTrace()

  const hold = await flashlane.api().post('/api/holds', { product_id, qty: 1 }, headers)

  expect(hold.status).toBe(201)
  const spans = await until(() => ofTrace(traceId).length >= 4 && ofTrace(traceId), {
    withinMs: 20_000,
    what: 'the spans are collected',
  })
  const named = (name: string) => spans.find((span) => span.name === name)
  const [request, queued] = [named('POST /api/holds'), named('PlaceHold')]
  const [batch, applied] = [named(`process p${product_id}`), named('apply PlaceHold')]
  expect(request).toMatchObject({
    parentSpanId: spanId,
    service: 'flashlane-api',
    attributes: { 'http.response.status_code': 201 },
  })
  expect(queued).toMatchObject({
    parentSpanId: request?.spanId,
    attributes: { 'flashlane.answer': 'applied' },
  })
  expect(batch).toMatchObject({ parentSpanId: queued?.spanId, service: 'flashlane-worker' })
  expect(batch?.links).toMatchObject([{ traceId, spanId: queued?.spanId }])
  expect(applied).toMatchObject({
    parentSpanId: queued?.spanId,
    attributes: { 'flashlane.outcome': 'accepted' },
    links: [{ spanId: batch?.spanId }],
  })
})

test('a batch is linked to the trace of each command that it carries, and each tells its own outcome', async () => {
  flashlane = await startTraced()
  const product_id = await flashlane.product({ stock: 10 })
  const traces = Array.from({ length: 30 }, aTrace)

  const answers = await Promise.all(
    traces.map(({ headers }) =>
      flashlane
        .api()
        // With a key, the door turns nobody away.
        .post(
          '/api/holds',
          { product_id, qty: 1 },
          { ...headers, 'idempotency-key': headers.traceparent },
        ),
    ),
  )

  const appliedOf = ({ traceId }: { traceId: string }) =>
    ofTrace(traceId).find(({ name }) => name === 'apply PlaceHold')
  await until(() => traces.every(appliedOf), {
    withinMs: 20_000,
    what: 'every command has its span',
  })
  for (const [n, trace] of traces.entries()) {
    const outcome = answers[n]?.status === 201 ? 'accepted' : 'refused'
    expect(appliedOf(trace)?.attributes['flashlane.outcome']).toBe(outcome)
  }
  const batches = collector.spans.filter(({ name }) => name === `process p${product_id}`)
  const linked = batches.flatMap(({ links = [] }) => links.map(({ traceId }) => traceId))
  expect(linked.toSorted()).toEqual(traces.map(({ traceId }) => traceId).toSorted())
  expect(batches.length).toBeLessThan(traces.length)
})

test('what is not sampled leaves no span, and is sold like anything else', async () => {
  flashlane = await startTraced({ OTEL_TRACES_SAMPLER: 'always_off' })
  const before = collector.spans.length

  await placeHold(flashlane, { product_id: await flashlane.product({ stock: 1 }) })
  await flashlane.api().get('/api/products')
  // At its end a process sends what it has.
  const all = [...flashlane.apis, ...flashlane.workers]
  for (const each of all) each.send('SIGTERM')
  await Promise.all(all.map((each) => each.ended()))

  expect(collector.spans.length).toBe(before)
})

test('without the variables, nothing of the SDK is loaded; with them and a collector that is away, all is sold', async () => {
  const hook = `import { registerHooks } from 'node:module'
    registerHooks({ load(url, context, next) {
      if (url.includes('opentelemetry/sdk-node')) process.stderr.write('loaded the SDK')
      return next(url, context)
    } })`
  const watched = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
  }
  flashlane = await startOwnFlashlane({ env: watched })
  const api = await flashlane.startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  const product_id = await flashlane.product({ stock: 1 })

  const hold = await api.post('/api/holds', { product_id, qty: 1 })

  expect(hold.status).toBe(201)
  const loaded = [...flashlane.apis, ...flashlane.workers].map((each) =>
    each.output().includes('loaded the SDK'),
  )
  expect(loaded).toEqual([false, true, false])
})
