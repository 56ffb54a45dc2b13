/** Several compiled statements in one packet: one round trip. */
import { PACKET_MS_MAX } from '@flashlane/core'
import type { CompiledQuery } from 'kysely'
import type { Pool } from 'mysql2'
import { isServerError } from './errors.ts'

type PromisePool = ReturnType<Pool['promise']>
export type Connection = Awaited<ReturnType<PromisePool['getConnection']>>

/** One result a statement. The server stops at the first error, which does not say whose it was. */
export async function send(
  connection: Connection,
  queries: readonly CompiledQuery[],
): Promise<readonly (readonly unknown[])[]> {
  const sql = queries.map((query) => query.sql).join(';')
  const values = queries.flatMap((query) => query.parameters)
  const [results] = await connection.query({ sql, values, timeout: PACKET_MS_MAX })
  // A packet of one statement brings its result without the list around it.
  return (queries.length === 1 ? [results] : results) as unknown[][]
}

/** Ends a transaction with nothing done, after an error or without one. A connection that may hold an open transaction never goes back to the pool. */
export async function giveUp(connection: Connection, error?: unknown): Promise<void> {
  // Only an error of the server's own leaves a connection that still answers; ROLLBACK would queue behind a statement that hangs.
  if (error !== undefined && !isServerError(error)) return connection.destroy()
  try {
    await connection.query({ sql: 'rollback', timeout: PACKET_MS_MAX })
    connection.release()
  } catch {
    connection.destroy()
  }
}
