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

/** Sends JSON, or text, bytes or a stream as they are, and reads what comes back, which is JSON too or nothing. */
export async function request(
  url: string,
  { method, body, headers = {} }: Request = {},
): Promise<Answer> {
  const asked = method ?? (body === undefined ? 'GET' : 'POST')
  const response = await fetch(url, {
    method: asked,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: encode(body), duplex: 'half' }),
  })
  const text = await response.text()
  const contentType = response.headers.get('content-type')
  // An envelope is told of in words: what is inside is what the document says.
  const isWrapped = url.includes('envelope=') || /envelope/.test(headers['accept'] ?? '')
  if (!isWrapped)
    await holdAgainstDocument(url, asked, { status: response.status, contentType, text })
  const isJson = text !== '' && /\bjson\b/.test(contentType ?? '')
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
