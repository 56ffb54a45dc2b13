/**
 * `{status, message, data}` around an answer, for clients that were written for it and ask for it: `?envelope=1` and the
 * media type say "success" or "error", `?envelope=s1` says true or false.
 */
import type { OrderStatus } from '@flashlane/core'
import type { Context } from 'hono'
import { headerOf } from './incoming.ts'
import type { Problem } from './problem.ts'
import { orderAliases, paymentStatus } from './views.ts'

const MEDIA_TYPE = 'application/vnd.flashlane.envelope+json'

export type Envelope = {
  readonly says: { readonly good: unknown; readonly bad: unknown }
  readonly contentType: string
}

const WORDS = { good: 'success', bad: 'error' } as const
const FLAGS = { good: true, bad: false } as const

const SAYS: Readonly<Record<string, Envelope['says']>> = { '1': WORDS, s3: WORDS, s1: FLAGS }

/** The envelope that the request asks for: null for nearly all of them. */
export function envelopeOf(c: Context): Envelope | null {
  const inUrl = c.req.url.includes('envelope=') ? SAYS[c.req.query('envelope') ?? ''] : undefined
  const isAccepted = headerOf(c, 'accept')?.includes(MEDIA_TYPE) ?? false
  if (inUrl === undefined && !isAccepted) return null
  return { says: inUrl ?? WORDS, contentType: isAccepted ? MEDIA_TYPE : 'application/json' }
}

/** What else the address asks for. */
export function withoutEnvelope(query: Record<string, string>): Record<string, string> {
  const { envelope: _, ...others } = query
  return others
}

/** Tells the representations of one thing apart: an ETag belongs to one of them. */
export function etagOf(c: Context, version: string): string {
  const envelope = envelopeOf(c)
  if (envelope === null) return `"${version}"`
  return envelope.says === WORDS ? `"${version}-envelope"` : `"${version}-envelope-s1"`
}

type Fields = Readonly<Record<string, unknown>>

type Operation = {
  readonly address: RegExp
  readonly message: string
  /** Fields under the names of other systems, added to what was applied. */
  readonly aliases?: (body: Fields) => Fields
}

const OPERATIONS: readonly Operation[] = [
  { address: /^POST .*\/(holds?|orders\/hold)$/, message: 'Stock held successfully' },
  { address: /^POST .*\/extend$/, message: 'Hold extended successfully' },
  { address: /^DELETE .*\/holds?\//, message: 'Hold released successfully' },
  {
    address: /^POST .*\/orders?$/,
    message: 'Order created successfully',
    aliases: placedOrderAliases,
  },
  {
    address: /^POST .*\/cancel$/,
    message: 'Order cancelled successfully',
    aliases: placedOrderAliases,
  },
  {
    address: /^POST .*\/(payments|webhooks?)\//,
    message: 'Payment processed successfully',
    aliases: paymentAliases,
  },
  { address: /^POST .*\/admin\/products$/, message: 'Product created successfully' },
  { address: /^GET .*\/products$/, message: 'Products retrieved successfully' },
  { address: /^GET .*\/products\//, message: 'Product retrieved successfully' },
  { address: /^GET .*\/holds?\//, message: 'Hold retrieved successfully' },
  { address: /^GET .*\/orders?\//, message: 'Order retrieved successfully' },
]

/** A 202 is a success too: what it names can be used at once, and what follows queues behind it. */
export function wrap({ says }: Envelope, c: Context, status: number, body: unknown): Fields {
  const address = `${c.req.method} ${c.req.path}`
  const operation = OPERATIONS.find((each) => each.address.test(address))
  if (status === 202) return { status: says.good, message: 'Accepted, not applied yet', data: body }
  const message = operation?.message ?? 'OK'
  const data = operation?.aliases
    ? { ...operation.aliases(body as Fields), ...(body as Fields) }
    : body
  return { status: says.good, message, data }
}

export const wrapProblem = ({ says }: Envelope, { code, detail, extras }: Problem): Fields => ({
  errors: [],
  ...extras,
  status: says.bad,
  message: detail,
  code,
  data: null,
})

/** Of a body that `orderResultView` made. */
function placedOrderAliases(body: Fields): Fields {
  const { order_id, product_id, qty, amount, status } = body as {
    order_id: string
    product_id: number
    qty: number
    amount: number
    status: OrderStatus
  }
  const item = { product_id, quantity: qty, price_per_unit: amount / qty, total_price: amount }
  return { ...orderAliases({ orderId: order_id, amount, status }), items: [item] }
}

/** Of a body that tells what a payment event did. */
function paymentAliases(body: Fields): Fields {
  const { result, order_status } = body as { result?: string; order_status?: OrderStatus }
  return {
    success: result !== 'payment_mismatch' && result !== 'key_reused',
    message: 'Payment processed successfully',
    ...(order_status === undefined ? {} : { payment_status: paymentStatus(order_status) }),
  }
}
