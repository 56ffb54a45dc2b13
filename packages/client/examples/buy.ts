import { createClient, FlashlaneError } from '@flashlane/client'

export async function buy(baseUrl: string, productId: number, customerRef: string) {
  const shop = createClient({ baseUrl, customerRef })
  try {
    const hold = await shop.placeHold({ product_id: productId, qty: 2 })
    return await shop.placeOrder({ hold_id: hold.hold_id })
  } catch (error) {
    if (!(error instanceof FlashlaneError)) throw error
    if (error.code === 'insufficient_stock') return `only ${error.available} left`
    if (error.code === 'sale_not_started') return `not before ${error.starts_at}`
    throw error
  }
}
