import type { Client } from '@flashlane/client'

/** Neither waits for the other: an order queues behind its hold. */
export async function holdAndOrder(shop: Client, productId: number) {
  const hold = await shop.placeHold({ product_id: productId, qty: 1 }, { wait: false })
  const order = await shop.placeOrder({ hold_id: hold.hold_id }, { wait: false })
  return order.outcome({ signal: AbortSignal.timeout(30_000) })
}
