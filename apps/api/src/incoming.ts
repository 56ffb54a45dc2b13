/**
 * Node's own request, beneath Hono's: a header is a property there, and a body that came with its head is at hand. Five
 * headers and one body a hold took longer through the Request than the rest of its route.
 */
import { IncomingMessage } from 'node:http'
import type { Http2Bindings, HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

function incomingOf(c: Context): IncomingMessage | undefined {
  const incoming = (c.env as { incoming?: unknown } | undefined)?.incoming
  return incoming instanceof IncomingMessage ? incoming : undefined
}

/** `name` in lower case. Of one that came several times, Node keeps the first or joins them, as RFC 9110 wants it. */
export function headerOf(c: Context, name: string): string | undefined {
  const incoming = incomingOf(c)
  if (incoming === undefined) return c.req.header(name)
  const value = incoming.headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

const NOTHING = Buffer.alloc(0)

/** To be awaited first: a request is told of when its head is parsed, and the rest of that packet before what waits goes on. */
export const headAndBodyParsed = Promise.resolve()

/** The body of `bytes`, if all of it came in the packet of its head, as nearly all do, and nobody has read it. */
export function takeBodyAtHand(c: Context, bytes: number): Buffer | null {
  const incoming = incomingOf(c)
  if (incoming === undefined) return null
  if (incoming.readableLength !== bytes || incoming.readableDidRead) return null
  return (incoming.read() as Buffer | null) ?? NOTHING
}

/**
 * To be called with the answer. A stream comes to its end when somebody reads once more: else the adaptor takes a body that
 * was at hand for one that nobody has read, and drains it, which takes three timers and three listeners.
 */
export function endBody({ incoming }: HttpBindings | Http2Bindings): void {
  if (!incoming.readableDidRead || incoming.readableLength > 0) return
  if (incoming.complete) incoming.read()
  // Answered before the parser told the end. One without a length may still be on its way, and is the adaptor's.
  else if (incoming.headers['content-length'] !== undefined) incoming.resume()
}
