import { createClient } from '@flashlane/client'

export async function restock(baseUrl: string, adminToken: string, productId: number) {
  const operator = createClient({ baseUrl, adminToken })
  await operator.pauseProduct(productId)
  const stock = await operator.adjustStock(productId, { delta: 50 })
  await operator.resumeProduct(productId)
  return stock.available_stock
}
