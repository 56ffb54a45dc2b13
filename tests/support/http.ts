/** Requests as a shop's front end makes them. Each answer has to be one that the OpenAPI document tells of. */
import { holdAgainstDocument } from './document.ts'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  /** Empty where the answer is not JSON. */
  readonly body: Record<string, unknown>
  readonly text: string
}

type Request = {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** fetch, for whoever makes requests of his own: it holds each answer against the document. */
export async function checkedFetch(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init)
  const contentType = response.headers.get('content-type')
  // A stream of events has no end to wait for.
  const isStream = contentType?.startsWith('text/event-stream') === true
  const text = isStream ? '' : await response.clone().text()
  // An envelope is told of in words: what is inside is what the document says.
  const isWrapped =
    url.includes('envelope=') || /envelope/.test(new Headers(init.headers).get('accept') ?? '')
  if (!isWrapped) {
    const { status } = response
    await holdAgainstDocument(url, init.method ?? 'GET', { status, contentType, text })
  }
  return response
}

/** Sends JSON, or text, bytes or a stream as they are, and reads what comes back, which is JSON too or nothing. */
export async function request(
  url: string,
  { method, body, headers = {} }: Request = {},
): Promise<Answer> {
  const response = await checkedFetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: encode(body), duplex: 'half' }),
  })
  const text = await response.text()
  const isJson = text !== '' && /\bjson\b/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    text,
  }
}

const encode = (body: unknown): string | Uint8Array<ArrayBuffer> | ReadableStream =>
  typeof body === 'string' || body instanceof ReadableStream
    ? body
    : body instanceof Uint8Array
      ? Uint8Array.from(body)
      : JSON.stringify(body)
