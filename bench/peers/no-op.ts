/** The ceiling: reads and checks a request like all the others, answers like all the others, and does nothing between. */
import { answerJson } from './answer.ts'
import { CURRENCY, PRICE } from './catalogue.ts'
import { drawHoldId } from './hold-id.ts'
import { addPurchaseRoutes } from './no-op-purchase.ts'
import { serve } from './serve.ts'

const STOCK = 1_000_000_000
let version = 1

const productOf = (productId: number) => ({
  id: productId,
  name: 'Sneaker',
  description: '',
  image: null,
  price: PRICE,
  currency: CURRENCY,
  stock_total: STOCK,
  total_stock: STOCK,
  stock: STOCK,
  held: version,
  reserved: version,
  reserved_stock: version,
  sold: 0,
  sold_stock: 0,
  available_stock: STOCK - version,
  available: STOCK - version,
  is_sold_out: false,
  sale_starts_at: null,
  sale_ends_at: null,
  max_per_hold: null,
  max_per_customer: null,
  sale_state: 'open',
  version,
})

await serve({
  place({ productId, quantity, ttlS }) {
    const nowMs = Date.now()
    version++
    const holdId = drawHoldId(productId, nowMs)
    const expiresAtMs = nowMs + ttlS * 1_000
    const price = { unitPrice: PRICE, currency: CURRENCY }
    return {
      kind: 'held',
      hold: { holdId, productId, quantity, ...price, expiresAtMs, ttlS, version },
    }
  },
  addRoutes(app) {
    app.get('/api/products/:id', (c) => {
      const headers = { etag: `"${version}"`, 'cache-control': 'no-cache', vary: 'Accept' }
      return answerJson(200, productOf(Number(c.req.param('id'))), headers)
    })
    addPurchaseRoutes(app)
  },
})
