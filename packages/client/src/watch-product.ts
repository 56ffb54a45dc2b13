/** Follows a product: as it is, and then as it changes, over as many connections as that takes. */
import { NoAnswerError, toAnswerError } from './errors.ts'
import { type Heard, makeEventParser } from './event-stream.ts'
import { pauseMs, type Retries } from './retries.ts'
import type { Product } from './schemas.ts'
import { type Call, type Fetch, readReply, urlOf } from './send.ts'
import { pause, startTimeLimit } from './time-limit.ts'

export type WatchOptions = {
  readonly signal?: AbortSignal
  /** A version that is known already: nothing comes until it changes. */
  readonly lastVersion?: number
}

type Deps = {
  readonly baseUrl: string
  readonly fetch: Fetch
  readonly retries: Retries
  readonly timeoutMs: number
}

/** A heartbeat comes each 15 s. */
const SILENCE_MS_MAX = 45_000
const RETRY_MS = 2_000

export const makeWatchProduct = ({ baseUrl, fetch, retries, timeoutMs }: Deps) =>
  async function* watchProduct(
    productId: number,
    { signal, lastVersion }: WatchOptions = {},
  ): AsyncGenerator<Product, void, undefined> {
    // As a browser's EventSource does, it goes on asking: a sale does not end with a deployment.
    const patience = { ...retries, max: Number.POSITIVE_INFINITY }
    const path = `/api/products/${encodeURIComponent(productId)}/events`
    let version = lastVersion ?? -1
    let retryMs = RETRY_MS
    for (let attempt = 0; ; ) {
      try {
        for await (const heard of open(path, version, signal)) {
          attempt = 0
          if ('retryMs' in heard) retryMs = heard.retryMs
          else {
            const product = JSON.parse(heard.data) as Product
            // Another process may be behind the one that was left.
            if (product.version >= version) yield product
            version = Math.max(version, product.version)
          }
        }
        await pause(retryMs, signal)
      } catch (error) {
        signal?.throwIfAborted()
        const ms = pauseMs(error, { attempt: attempt++, retries: patience })
        if (ms === null) throw error
        await pause(Math.max(ms, retryMs), signal)
      }
    }

    /** One connection, until it ends. */
    async function* open(path: string, version: number, signal: AbortSignal | undefined) {
      signal?.throwIfAborted()
      const call: Call = { method: 'GET', path }
      const headers = {
        accept: 'text/event-stream',
        ...(version < 0 ? {} : { 'last-event-id': String(version) }),
      }
      const limit = startTimeLimit(timeoutMs, signal)
      try {
        const response = await fetch(urlOf(baseUrl, call), { headers, signal: limit.signal })
        const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
        if (!response.ok || !isStream || !response.body) {
          await readReply(response, call)
          throw new NoAnswerError(`${path} was answered without events`, { status: 200 })
        }
        const reader = response.body.getReader()
        const decoder = new TextDecoder()
        const parse = makeEventParser()
        for (;;) {
          limit.restart(SILENCE_MS_MAX)
          const { done, value } = await reader.read()
          if (done) return
          yield* parse(decoder.decode(value, { stream: true })).filter(isOfProduct)
        }
      } catch (cause) {
        throw toAnswerError(limit.signal.reason ?? cause, `GET ${path}`)
      } finally {
        limit.end()
      }
    }
  }

const isOfProduct = (heard: Heard): boolean =>
  'retryMs' in heard || heard.event === 'product' || heard.event === 'message'
