/**
 * Redis and Lua: the stock is a number in Redis, a hold is a key that expires. Quick, and only as durable as Redis:
 * what its append-only file had not written yet is lost with the machine.
 */
import { Redis } from 'ioredis'
import { drawHoldId } from './hold-id.ts'
import { required, serve } from './serve.ts'

const PLACE = `
local product = redis.call('hmget', KEYS[1], 'available', 'version', 'price', 'currency')
local available = tonumber(product[1] or 0)
local quantity = tonumber(ARGV[1])
if available < quantity then return { 0, available } end
redis.call('hset', KEYS[1], 'available', available - quantity, 'version', product[2] + 1)
redis.call('set', KEYS[2], ARGV[3], 'EX', ARGV[2])
return { 1, product[2] + 1, product[3], product[4] }
`

type Placing = Redis & {
  place(
    product: string,
    hold: string,
    quantity: number,
    ttlS: number,
    value: string,
  ): Promise<[0, number] | [1, number, string, string]>
}

// Calls of one turn of the event loop go in one packet.
const redis = new Redis(required('REDIS_URL'), { enableAutoPipelining: true }) as Placing
redis.defineCommand('place', { numberOfKeys: 2, lua: PLACE })

await serve({
  async place({ productId, quantity, ttlS }) {
    const nowMs = Date.now()
    const holdId = drawHoldId(productId, nowMs)
    const value = `${productId}:${quantity}`
    const placed = await redis.place(
      `product:${productId}`,
      `hold:${holdId}`,
      quantity,
      ttlS,
      value,
    )
    if (placed[0] === 0) return { kind: 'insufficient_stock', available: placed[1] }
    const [, version, price, currency] = placed
    const expiresAtMs = nowMs + ttlS * 1_000
    const unitPrice = Number(price)
    const hold = { holdId, productId, quantity, unitPrice, currency, expiresAtMs, ttlS, version }
    return { kind: 'held', hold }
  },
  async close() {
    redis.disconnect()
  },
})
