/** Sends a request until it is answered, within limits: the same request, under the same key. */
import { FlashlaneError, NoAnswerError, toAnswerError } from './errors.ts'
import { pauseMs, type Retries } from './retries.ts'
import type { Problem } from './schemas.ts'
import { pause, startTimeLimit } from './time-limit.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

type Fields = Readonly<Record<string, string | number | boolean | undefined>>

export type Call = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Fields
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly idempotencyKey?: string
  /** Sent twice, it would count twice. */
  readonly isOnce?: boolean
}

export type CallOptions = {
  readonly signal?: AbortSignal
  /** For each attempt. */
  readonly timeoutMs?: number
}

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export type Send = (call: Call, options?: CallOptions) => Promise<Reply>

type Deps = {
  readonly baseUrl: string
  readonly fetch: Fetch
  readonly retries: Retries
  readonly timeoutMs: number
}

export function makeSend({ baseUrl, fetch, retries, timeoutMs: usualMs }: Deps): Send {
  return async (call, { signal, timeoutMs = usualMs } = {}) => {
    const url = urlOf(baseUrl, call)
    const init = initOf(call)
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask(call, { url, init, timeoutMs, signal })
      } catch (error) {
        const ms = call.isOnce ? null : pauseMs(error, { attempt, retries })
        if (ms === null) throw error
        await pause(ms, signal)
      }
    }
  }

  async function ask(call: Call, { url, init, timeoutMs, signal }: Ask): Promise<Reply> {
    signal?.throwIfAborted()
    const limit = startTimeLimit(timeoutMs, signal)
    try {
      const response = await fetch(url, { ...init, signal: limit.signal })
      return await readReply(response, call)
    } catch (cause) {
      signal?.throwIfAborted()
      throw toAnswerError(limit.signal.reason ?? cause, `${call.method} ${url}`, keyOf(call))
    } finally {
      limit.end()
    }
  }
}

type Ask = {
  readonly url: string
  readonly init: RequestInit
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export function urlOf(baseUrl: string, { path, query = {} }: Pick<Call, 'path' | 'query'>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value))
  }
  const asked = search.toString()
  return `${baseUrl.replace(/\/+$/, '')}${path}${asked === '' ? '' : `?${asked}`}`
}

/** Made once: what is sent again is the same to the byte. A header that cannot be sent throws here. */
function initOf({ method, body, headers, idempotencyKey }: Call): RequestInit {
  const sent = new Headers(headers)
  if (body !== undefined) sent.set('content-type', 'application/json')
  if (idempotencyKey !== undefined) sent.set('idempotency-key', inHeader(idempotencyKey))
  return { method, headers: sent, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
}

/** A header is bytes, a character each, without blanks around it; the key's are its UTF-8. */
function inHeader(key: string): string {
  if (key.trim() !== key) throw new TypeError('an idempotencyKey has no blanks around it')
  return String.fromCharCode(...new TextEncoder().encode(key))
}

export async function readReply(response: Response, call: Call): Promise<Reply> {
  const { status, headers } = response
  const text = await response.text()
  const contentType = headers.get('content-type') ?? ''
  const body: unknown = /\bjson\b/.test(contentType) ? JSON.parse(text) : null
  if (response.ok && body !== null) return { status, headers, body }
  const about = {
    requestId: headers.get('x-request-id'),
    retryAfterMs: retryAfterMsOf(headers),
    ...keyOf(call),
  }
  if (isProblem(body)) throw new FlashlaneError(body, about)
  const detail = `${call.method} ${call.path} was answered ${status}, but not by Flashlane`
  throw new NoAnswerError(detail, { status, ...about })
}

/** In seconds; a date is what others may send. */
export function retryAfterMsOf(headers: Headers): number | null {
  const value = headers.get('retry-after')
  if (value === null) return null
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body

const keyOf = ({ idempotencyKey }: Call) => ({ idempotencyKey: idempotencyKey ?? null })
