/** Ids as Flashlane draws them: in the order of time, which is the cheapest order for an InnoDB table. */
import { randomFillSync } from 'node:crypto'
import { drawX, formatId } from '@flashlane/core'

const X_BYTES = 10
const pool = new Uint8Array(X_BYTES * 1_024)
let at = pool.length

export function drawHoldId(productId: number, nowMs: number): string {
  if (at === pool.length) {
    randomFillSync(pool)
    at = 0
  }
  at += X_BYTES
  return formatId('hold', productId, drawX(nowMs, pool.subarray(at - X_BYTES, at)))
}
