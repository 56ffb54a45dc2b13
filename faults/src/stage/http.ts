/** Requests as clients make them, with a time limit of their own. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Text is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The client goes away after this. */
  readonly msMax?: number
}

/** Without an answer it may have happened, or not. */
export type Called =
  | { readonly answer: Answer; readonly error: null }
  | { readonly answer: null; readonly error: unknown }

/** Longer than the longest wait that a client may ask for. */
const ANSWER_MS_MAX = 40_000

export async function call(
  url: string,
  { method, path, body, headers = {}, msMax: ownMsMax }: Call,
  msMax = ownMsMax ?? ANSWER_MS_MAX,
): Promise<Called> {
  try {
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(msMax),
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const { status, headers: told } = response
    return {
      answer: { status, headers: told, body: parseBody(await response.text()) },
      error: null,
    }
  } catch (error) {
    return { answer: null, error }
  }
}

/** Nobody listened: nothing was sent. */
export function isRefusedConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}

/** What is no object has no fields. */
export function parseBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
