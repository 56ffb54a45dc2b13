/**
 * Connections that wait in a pool. Where one says nothing, its server may be gone without a word, and then so are the
 * others: each would keep its caller as long as the first did, one after another.
 */
import type { Pool, PoolConnection } from 'mysql2'

const poolmates = new WeakMap<PoolConnection, Set<PoolConnection>>()

export function watchIdle(pool: Pool): void {
  const idle = new Set<PoolConnection>()
  pool.on('connection', (connection) => {
    poolmates.set(connection, idle)
    connection.on('end', () => idle.delete(connection))
    connection.on('error', () => idle.delete(connection))
  })
  pool.on('acquire', (connection) => idle.delete(connection))
  pool.on('release', (connection) => idle.add(connection))
}

/** Ends those that wait beside one that hangs. */
export function endIdleBeside(connection: PoolConnection): void {
  const idle = poolmates.get(connection) ?? new Set()
  for (const each of idle) each.destroy()
  idle.clear()
}
