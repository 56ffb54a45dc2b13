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

const PACKED: ReadonlySet<string> = new Set<keyof PlaceHold>([
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

/** Null for a command that must be spelled out. */
export function packHold(command: Command): PackedHold | null {
  if (command.type !== 'PlaceHold') return null
  for (const field in command) if (!PACKED.has(field)) return null
  const { commandId, holdId } = command
  const x = holdId.slice(holdId.lastIndexOf('_') + 1)
  if (holdId !== formatId('hold', command.productId, x)) return null
  if (commandId !== siblingId(holdId, 'cmd')) return null
  return [
    command.productId,
    x,
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
