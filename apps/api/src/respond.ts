/** Every answer leaves through here: JSON, with the request's id. */
import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'

type Headers = Record<string, string>

const VISIBLE = /^[\x21-\x7e]{1,128}$/
const PROCESS_PREFIX = randomBytes(6).toString('hex')
let made = 0

const REQUEST_ID = 'requestId'

/** The id that the client gave, or one made for it: the same whenever it is asked for. */
export function requestIdOf(c: Context): string {
  const known: string | undefined = c.get(REQUEST_ID)
  if (known !== undefined) return known
  const given = c.req.header('x-request-id')
  made++
  const id = given && VISIBLE.test(given) ? given : `${PROCESS_PREFIX}-${made.toString(36)}`
  c.set(REQUEST_ID, id)
  return id
}

export const respond = (c: Context, status: number, body: unknown, headers?: Headers): Response =>
  respondText(c, status, JSON.stringify(body), { 'content-type': 'application/json', ...headers })

export function respondText(
  c: Context,
  status: number,
  text: string | Uint8Array<ArrayBuffer> | null,
  headers: Headers,
): Response {
  headers['x-request-id'] = requestIdOf(c)
  return new Response(text, { status, headers })
}
