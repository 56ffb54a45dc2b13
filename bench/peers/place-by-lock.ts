/** A hold as most shops place it: lock the product row, look, insert, count, commit. */
import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import type { Placed } from './answer.ts'
import { drawHoldId } from './hold-id.ts'
import type { HoldRequest } from './hold-request.ts'
import { inTransaction, insertHold } from './mysql.ts'

type LockedRow = RowDataPacket & {
  price: number
  currency: string
  available: number
  version: number
}

export const placeByLock = (pool: Pool, request: HoldRequest): Promise<Placed> =>
  inTransaction<Placed>(pool, async (connection) => {
    const { productId, quantity, ttlS } = request
    const [[row]] = await connection.execute<LockedRow[]>(
      `select price, currency, stock_total - held - sold as available, version
        from products where product_id = ? for update`,
      [productId],
    )
    if (!row || row.available < quantity) {
      const available = row?.available ?? 0
      return { commit: false, result: { kind: 'insufficient_stock', available } }
    }
    const nowMs = Date.now()
    const holdId = drawHoldId(productId, nowMs)
    const { price: unitPrice, currency } = row
    await insertHold(connection, { ...request, holdId, unitPrice, currency, nowMs })
    await connection.execute<ResultSetHeader>(
      'update products set held = held + ?, version = version + 1 where product_id = ?',
      [quantity, productId],
    )
    const expiresAtMs = nowMs + ttlS * 1_000
    const version = row.version + 1
    const hold = { holdId, productId, quantity, unitPrice, currency, expiresAtMs, ttlS, version }
    return { commit: true, result: { kind: 'held', hold } }
  })
