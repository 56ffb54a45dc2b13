/** The pool of a peer, and a transaction that is tried again where InnoDB gave it up. */
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise'
import type { HoldRequest } from './hold-request.ts'
import { required } from './serve.ts'

const DEADLOCK = 1213
const LOCK_WAIT_TIMEOUT = 1205
const TRIES_MAX = 5

export function openPool(): Pool {
  const pool = createPool({
    uri: required('MYSQL_URL'),
    connectionLimit: Number(required('POOL_SIZE')),
    timezone: 'Z',
  })
  pool.on('connection', (connection) => {
    void connection.query('set session transaction isolation level read committed')
  })
  return pool
}

/** Commits or rolls back as `work` says. */
export async function inTransaction<T>(
  pool: Pool,
  work: (connection: PoolConnection) => Promise<{ commit: boolean; result: T }>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const connection = await pool.getConnection()
    try {
      await connection.query('begin')
      const { commit, result } = await work(connection)
      await connection.query(commit ? 'commit' : 'rollback')
      return result
    } catch (error) {
      await connection.query('rollback').catch(() => connection.destroy())
      if (tries >= TRIES_MAX || !isLockTrouble(error)) throw error
    } finally {
      connection.release()
    }
  }
}

const isLockTrouble = (error: unknown): boolean =>
  error instanceof Error &&
  'errno' in error &&
  (error.errno === DEADLOCK || error.errno === LOCK_WAIT_TIMEOUT)

type NewHold = HoldRequest & {
  readonly holdId: string
  readonly unitPrice: number
  readonly currency: string
  readonly nowMs: number
}

/** Prepared: the statement is parsed once a connection. */
export async function insertHold(connection: PoolConnection, hold: NewHold): Promise<void> {
  await connection.execute<ResultSetHeader>(
    `insert into holds
      (hold_id, product_id, status, quantity, unit_price, currency, created_at_ms, expires_at_ms)
      values (?, ?, 'active', ?, ?, ?, ?, ?)`,
    [
      hold.holdId,
      hold.productId,
      hold.quantity,
      hold.unitPrice,
      hold.currency,
      hold.nowMs,
      hold.nowMs + hold.ttlS * 1_000,
    ],
  )
}
