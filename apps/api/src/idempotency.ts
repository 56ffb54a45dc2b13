/**
 * A request with an Idempotency-Key gets an id that is derived from it: a repeat, through whichever process, names the
 * same command, hold and order, and its lane knows it by primary key.
 */
import { createHmac, hash } from 'node:crypto'
import { type Command, deriveX, FOREIGN_NAME_BYTES_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import { headerOf } from './incoming.ts'
import { invalid } from './problem.ts'

/** A key belongs to one operation, product and customer. */
export type KeyScope = {
  readonly operation: Command['type']
  readonly productId: number
  readonly customerRef: string | null
}

export type DeriveX = (scope: KeyScope, key: string) => string

export const makeDeriveX =
  (secret: Buffer): DeriveX =>
  ({ operation, productId, customerRef }, key) => {
    const hmac = createHmac('sha256', secret)
    for (const part of [operation, String(productId), customerRef, key]) {
      // Each part tells its length first, so that no two lists of parts are the same bytes.
      const bytes = Buffer.from(part ?? '')
      hmac.update(`${part === null ? 'none' : bytes.length}:`).update(bytes)
    }
    return deriveX(hmac.digest())
  }

/** The key of a request, from its header or its body: were they two, a repeat could not be told from a reuse. */
export function readKey(c: Context, fromBody?: string): string | undefined {
  const header = headerOf(c, 'idempotency-key')
  if (header === undefined) return fromBody
  const key = decodeHeader(header)
  const bytes = Buffer.byteLength(key)
  if (bytes < 1 || bytes > FOREIGN_NAME_BYTES_MAX) {
    throw invalid([
      { field: 'Idempotency-Key', message: `must be 1 to ${FOREIGN_NAME_BYTES_MAX} bytes` },
    ])
  }
  if (fromBody !== undefined && fromBody !== key) {
    const message = 'the header Idempotency-Key and the body’s idempotency_key differ: send one'
    throw invalid([
      { field: 'Idempotency-Key', message },
      { field: 'idempotency_key', message },
    ])
  }
  return key
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Node reads a header's bytes as Latin-1. They are UTF-8, unless that is impossible. */
export function decodeHeader(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/** A hash of the request as parsed, before defaults: tells a repeat from another request under the same key. */
export const fingerprintOf = (fields: readonly unknown[]): string =>
  hash('sha256', JSON.stringify(fields), 'hex').slice(0, 32)
