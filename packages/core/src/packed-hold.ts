/**
 * A plain hold as it stands in a job: a sale is made of these, and spelled out each is nearly three times as long, on its way into
 * Redis, out of it, and through the schema.
 */
import { z } from 'zod'
import { type Command, customerRef, HOLD_TTL_MS_MAX, isHash, type PlaceHold } from './command.ts'
import { formatId, isX } from './ids.ts'
import { PRODUCT_ID_MAX, QUANTITY_MAX, REQUEST_ID_LENGTH_MAX } from './limits.ts'

/** The command and its hold share the id's `x`. Null for what the command does not say. */
type PackedHold = [
  productId: number,
  x: string,
  acceptedAtMs: number,
  quantity: number,
  ttlMs: number,
  customerRef: string | null,
  requestId: string | null,
  fingerprint: string | null,
]

/** The same rules as the command's. By hand: a schema of the eight took a fifth of a worker's time between two statements. */
export const packedHold = z.custom<PackedHold>(isPackedHold)

const isCount = (value: unknown, max: number): boolean =>
  Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= max

const isText = (value: unknown): value is string => typeof value === 'string'

function isPackedHold(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 8) return false
  const [product, x, accepted, units, ttl, customer, request, print] = value as unknown[]
  return (
    isCount(product, PRODUCT_ID_MAX) &&
    isText(x) &&
    isX(x) &&
    isCount(accepted, Number.MAX_SAFE_INTEGER) &&
    isCount(units, QUANTITY_MAX) &&
    isCount(ttl, HOLD_TTL_MS_MAX) &&
    (customer === null || customerRef.safeParse(customer).success) &&
    (request === null || (isText(request) && request.length <= REQUEST_ID_LENGTH_MAX)) &&
    (print === null || (isText(print) && isHash(print)))
  )
}

/** What a hold may say and a plain one does not. */
const MORE = Object.keys({
  allowPartial: true,
  replaceExisting: true,
} satisfies Record<Exclude<keyof PlaceHold, Said>, true>) as (keyof PlaceHold)[]

/** What has a place in the list, or follows from what has. */
type Said =
  | 'type'
  | 'commandId'
  | 'productId'
  | 'acceptedAtMs'
  | 'requestId'
  | 'fingerprint'
  | 'holdId'
  | 'quantity'
  | 'ttlMs'
  | 'customerRef'

/** Says nothing but what every hold says, and its ids are of its product and share their `x`. */
export function isPlainHold(command: Command): command is PlaceHold {
  if (command.type !== 'PlaceHold') return false
  for (const field of MORE) if (command[field] !== undefined) return false
  const { commandId, holdId, productId } = command
  const xAt = holdId.lastIndexOf('_')
  return (
    holdId.slice(holdId.indexOf('_')) === commandId.slice(commandId.indexOf('_')) &&
    holdId.slice(holdId.indexOf('_') + 1, xAt) === String(productId)
  )
}

const xOf = (id: string): string => id.slice(id.lastIndexOf('_') + 1)

/** Null for a command that must be spelled out. */
export function packHold(command: Command): PackedHold | null {
  if (!isPlainHold(command)) return null
  return [
    command.productId,
    xOf(command.holdId),
    command.acceptedAtMs,
    command.quantity,
    command.ttlMs,
    command.customerRef,
    command.requestId ?? null,
    command.fingerprint ?? null,
  ]
}

export function unpackHold(packed: PackedHold): PlaceHold {
  const [product, x, accepted, units, ttl, customer, request, print] = packed
  return {
    type: 'PlaceHold',
    commandId: formatId('cmd', product, x),
    productId: product,
    acceptedAtMs: accepted,
    holdId: formatId('hold', product, x),
    quantity: units,
    ttlMs: ttl,
    customerRef: customer,
    // At the end: whatever stands behind a spread is added to the object one by one, which takes a microsecond.
    ...(request === null ? {} : { requestId: request }),
    ...(print === null ? {} : { fingerprint: print }),
  }
}
