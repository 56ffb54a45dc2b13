/** A conditional UPDATE: the hold is inserted first, so that the hot row is locked for one statement and the commit. */
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import type { Placed } from './answer.ts'
import { drawHoldId } from './hold-id.ts'
import { inTransaction, insertHold, openPool } from './mysql.ts'
import { serve } from './serve.ts'

type Priced = RowDataPacket & { product_id: number; price: number; currency: string }

const pool = openPool()
// Prices do not change during a sale: no statement is spent on them.
const [rows] = await pool.query<Priced[]>('select product_id, price, currency from products')
const prices = new Map(rows.map((row) => [row.product_id, row]))

await serve({
  place: (request) =>
    inTransaction<Placed>(pool, async (connection) => {
      const { productId, quantity, ttlS } = request
      const nowMs = Date.now()
      const holdId = drawHoldId(productId, nowMs)
      const { price: unitPrice = 0, currency = '' } = prices.get(productId) ?? {}
      await insertHold(connection, { ...request, holdId, unitPrice, currency, nowMs })
      // last_insert_id(...) tells the new version without another statement.
      const [{ affectedRows, insertId: version }] = await connection.execute<ResultSetHeader>(
        `update products set held = held + ?, version = last_insert_id(version + 1)
          where product_id = ? and stock_total - held - sold >= ?`,
        [quantity, productId, quantity],
      )
      if (affectedRows === 0) {
        return { commit: false, result: { kind: 'insufficient_stock', available: 0 } }
      }
      const expiresAtMs = nowMs + ttlS * 1_000
      const hold = { holdId, productId, quantity, unitPrice, currency, expiresAtMs, ttlS, version }
      return { commit: true, result: { kind: 'held', hold } }
    }),
  close: () => pool.end(),
})
