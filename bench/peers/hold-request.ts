/** What a hold's request may say: the fields and limits of Flashlane's own, read in the quickest way that Hono has. */
import { foreignName, HOLD_TTL_S_MAX, HOLD_TTL_S_MIN, productId, quantity } from '@flashlane/core'
import type { Context } from 'hono'
import { z } from 'zod'

const ttl = z.int().min(HOLD_TTL_S_MIN).max(HOLD_TTL_S_MAX).optional()

const holdBody = z.strictObject({
  product_id: productId,
  qty: quantity.optional(),
  quantity: quantity.optional(),
  ttl,
  ttl_seconds: ttl,
  customer_ref: foreignName.optional(),
  idempotency_key: foreignName.optional(),
})

const TTL_S_DEFAULT = HOLD_TTL_S_MAX

export type HoldRequest = {
  readonly productId: number
  readonly quantity: number
  readonly ttlS: number
}

/** Null where it is not a hold's request. */
export async function readHoldRequest(c: Context): Promise<HoldRequest | null> {
  const parsed = holdBody.safeParse(await c.req.json().catch(() => null))
  if (!parsed.success) return null
  const body = parsed.data
  const wanted = body.qty ?? body.quantity
  if (wanted === undefined) return null
  return {
    productId: body.product_id,
    quantity: wanted,
    ttlS: body.ttl ?? body.ttl_seconds ?? TTL_S_DEFAULT,
  }
}
