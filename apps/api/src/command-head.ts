/** What every client's command begins with: its id, drawn or derived from the request's key, and when it was accepted. */
import { randomFillSync } from 'node:crypto'
import { drawX, formatId } from '@flashlane/core'
import type { Context } from 'hono'
import { type DeriveX, fingerprintOf, type KeyScope } from './idempotency.ts'
import { requestIdOf } from './respond.ts'

const X_BYTES = 10
const POOL_DRAWS = 1_024

/** Asks the system for randomness a thousand draws at a time. */
export function makeDrawX(): (nowMs: number) => string {
  const pool = new Uint8Array(X_BYTES * POOL_DRAWS)
  let at = pool.length
  return (nowMs) => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    at += X_BYTES
    return drawX(nowMs, pool.subarray(at - X_BYTES, at))
  }
}

type HeadDeps = {
  /** The database's clock. */
  nowMs(): number
  drawX(nowMs: number): string
  readonly deriveX: DeriveX
}

type Head = {
  readonly commandId: string
  readonly productId: number
  readonly acceptedAtMs: number
  readonly requestId: string
  readonly fingerprint?: string
}

type Request = KeyScope & {
  readonly key: string | undefined
  /** The request as parsed, before defaults: what a repeat must have in common. */
  readonly fields: readonly unknown[]
}

/** `x` is the command's, and of what it makes. */
export type MakeHead = (c: Context, request: Request) => { readonly x: string; readonly head: Head }

/** Called when nothing is left to await before the command is submitted: from now on it counts as accepted. */
export const makeHead =
  ({ nowMs, drawX: draw, deriveX }: HeadDeps): MakeHead =>
  (c, request) => {
    const { productId, key, fields } = request
    const acceptedAtMs = nowMs()
    const x = key === undefined ? draw(acceptedAtMs) : deriveX(request, key)
    const commandId = formatId('cmd', productId, x)
    const head = { commandId, productId, acceptedAtMs, requestId: requestIdOf(c) }
    return key === undefined
      ? { x, head }
      : { x, head: { ...head, fingerprint: fingerprintOf(fields) } }
  }
