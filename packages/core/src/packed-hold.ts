/**
 * A plain hold as it stands in a job: a sale is made of these, and spelled out each is nearly three times as long, on its way into
 * Redis, out of it, and through the schema.
 */
import { z } from 'zod'
import {
  acceptedAtMs,
  type Command,
  customerRef,
  fingerprint,
  type PlaceHold,
  productId,
  quantity,
  requestId,
  ttlMs,
} from './command.ts'
import { formatId, idTail, siblingId } from './ids.ts'

/** The command and its hold share the id's tail. Null for what the command does not say. */
export const packedHold = z.tuple([
  productId,
  idTail,
  acceptedAtMs,
  quantity,
  ttlMs,
  customerRef,
  requestId.nullable(),
  fingerprint.nullable(),
])

type PackedHold = z.infer<typeof packedHold>

/** All that a plain hold may say. */
const PLAIN: ReadonlySet<string> = new Set<keyof PlaceHold>([
  'type',
  'commandId',
  'productId',
  'acceptedAtMs',
  'requestId',
  'fingerprint',
  'holdId',
  'quantity',
  'ttlMs',
  'customerRef',
])

/** Says nothing but what every hold says, and its ids are of its product and share their tail. */
export function isPlainHold(command: Command): command is PlaceHold {
  if (command.type !== 'PlaceHold') return false
  for (const field in command) if (!PLAIN.has(field)) return false
  const { commandId, holdId, productId: product } = command
  return (
    holdId === formatId('hold', product, tailOf(holdId)) && commandId === siblingId(holdId, 'cmd')
  )
}

const tailOf = (id: string): string => id.slice(id.lastIndexOf('_') + 1)

/** Null for a command that must be spelled out. */
export function packHold(command: Command): PackedHold | null {
  if (!isPlainHold(command)) return null
  return [
    command.productId,
    tailOf(command.holdId),
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
    ...(request === null ? {} : { requestId: request }),
    ...(print === null ? {} : { fingerprint: print }),
    holdId: formatId('hold', product, x),
    quantity: units,
    ttlMs: ttl,
    customerRef: customer,
  }
}
