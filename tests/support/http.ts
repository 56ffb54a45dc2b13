/** Requests as a shop's front end makes them. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
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
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: encode(body), duplex: 'half' }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  }
}

const encode = (body: unknown): string | Uint8Array<ArrayBuffer> | ReadableStream =>
  typeof body === 'string' || body instanceof ReadableStream
    ? body
    : body instanceof Uint8Array
      ? Uint8Array.from(body)
      : JSON.stringify(body)
