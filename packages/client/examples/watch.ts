import type { Client } from '@flashlane/client'

export async function watchUntilSoldOut(shop: Client, productId: number, signal: AbortSignal) {
  for await (const product of shop.watchProduct(productId, { signal })) {
    console.log(`${product.available_stock} of ${product.stock_total} left`)
    if (product.is_sold_out) return
  }
}
