/** How many connections of a pool are in use. */
import type { Pool } from 'mysql2'
import type { Database } from './connect.ts'

export type PoolUse = { readonly used: number; readonly idle: number; readonly waiting: number }

export function poolUse({ pool }: Database): PoolUse {
  const idle = lengthOf(pool, '_freeConnections')
  return {
    used: lengthOf(pool, '_allConnections') - idle,
    idle,
    waiting: lengthOf(pool, '_connectionQueue'),
  }
}

// The driver keeps these lists, and tells nobody how long they are.
type Lists = Readonly<
  Record<'_allConnections' | '_freeConnections' | '_connectionQueue', { readonly length: number }>
>

const lengthOf = (pool: Pool, list: keyof Lists): number => (pool as unknown as Lists)[list].length
