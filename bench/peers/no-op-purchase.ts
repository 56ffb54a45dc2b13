/** The other two steps of a purchase, for the ceiling of P7: read, checked and answered, and nothing bought. */
import { foreignName, HOLD_TTL_S_MAX } from '@flashlane/core'
import type { Hono } from 'hono'
import { z } from 'zod'
import { answerJson } from './answer.ts'
import { CURRENCY, PRICE } from './catalogue.ts'

const orderBody = z.strictObject({
  hold_id: z.string().max(255),
  payment_intent_id: foreignName.optional(),
  payment_ref: foreignName.optional(),
  payment_status: z.enum(['online_payment', 'pending', 'cash_on_delivery']).default('pending'),
  customer_ref: foreignName.nullish(),
  idempotency_key: foreignName.optional(),
})

const paymentBody = z.object({ id: foreignName, order_id: z.string(), status: z.string() })

export function addPurchaseRoutes(app: Hono): void {
  app.post('/api/orders', async (c) => {
    const { hold_id: holdId } = orderBody.parse(await c.req.json())
    const orderId = holdId.replace('hold_', 'ord_')
    const nowMs = Date.now()
    const body = {
      order_id: orderId,
      hold_id: holdId,
      product_id: 1,
      qty: 1,
      amount: PRICE,
      currency: CURRENCY,
      status: 'pending',
      payment_due_at: new Date(nowMs + HOLD_TTL_S_MAX * 1_000).toISOString(),
      created_at: new Date(nowMs).toISOString(),
      version: 1,
    }
    return answerJson(201, body, { location: `/api/orders/${orderId}` })
  })

  app.post('/api/payments/webhook', async (c) => {
    const { order_id: orderId } = paymentBody.parse(await c.req.json())
    const body = { status: 'ok', result: 'applied', order_id: orderId, order_status: 'paid' }
    return answerJson(200, body)
  })
}
