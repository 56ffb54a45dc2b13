/** Every answer leaves through here: JSON, with the request's id. */
import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { envelopeOf, wrap } from './envelope.ts'
import { headerOf } from './incoming.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

type Headers = Record<string, string>

const VISIBLE = /^[\x21-\x7e]{1,128}$/
const PROCESS_PREFIX = randomBytes(6).toString('hex')
let made = 0

const REQUEST_ID = 'requestId'
const ADDED_HEADERS = 'addedHeaders'

/** The id that the client gave, or one made for it: the same whenever it is asked for. */
export function requestIdOf(c: Context): string {
  const known: string | undefined = c.get(REQUEST_ID)
  if (known !== undefined) return known
  const given = headerOf(c, 'x-request-id')
  made++
  const id = given && VISIBLE.test(given) ? given : `${PROCESS_PREFIX}-${made.toString(36)}`
  c.set(REQUEST_ID, id)
  return id
}

/** For what is known before there is an answer. */
export function addHeaders(c: Context, headers: Headers): void {
  c.set(ADDED_HEADERS, { ...c.get(ADDED_HEADERS), ...headers })
}

export function respond(c: Context, status: number, body: unknown, headers?: Headers): Response {
  const envelope = envelopeOf(c)
  return respondText(
    c,
    status,
    JSON.stringify(envelope === null ? body : wrap(envelope, c, status, body)),
    { 'content-type': envelope?.contentType ?? 'application/json', ...headers },
  )
}

export function respondText(
  c: Context,
  status: number,
  text: string | Uint8Array<ArrayBuffer> | null,
  headers: Headers,
): Response {
  headers['x-request-id'] = requestIdOf(c)
  // One address has its answer with and without an envelope: whoever keeps one must not give it for the other.
  if (headers['etag'] !== undefined) headers['vary'] = 'Accept'
  const added: Headers | undefined = c.get(ADDED_HEADERS)
  if (added !== undefined) Object.assign(headers, added)
  return new Response(text, { status, headers: { ...SECURITY_HEADERS, ...headers } })
}
