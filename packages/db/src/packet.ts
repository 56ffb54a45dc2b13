/** Several compiled statements in one packet: one round trip. */
import { PACKET_MS_MAX } from '@flashlane/core'
import type { Failpoints } from '@flashlane/failpoints'
import { CompiledQuery } from 'kysely'
import { format, type Pool, type PoolConnection, type SqlValue } from 'mysql2'
import { isServerError, isSilence, NoConnection } from './errors.ts'
import { endIdleBeside } from './idle.ts'

export const commit = CompiledQuery.raw('commit')

export const takeConnection = (pool: Pool): Promise<PoolConnection> =>
  new Promise((resolve, reject) => {
    pool.getConnection((cause, connection) => {
      if (!cause) return resolve(connection)
      // A pool that is full or closed says so without a code, and a server without a place for us with one of many.
      reject(new NoConnection('no connection to MySQL', { cause }))
    })
  })

/** One result a statement. The server stops at the first error, which does not say whose it was. */
export async function send(
  connection: PoolConnection,
  queries: readonly CompiledQuery[],
): Promise<readonly (readonly unknown[])[]> {
  // Each on its own: a question mark inside one's literals is no placeholder of another's.
  const results = await ask(connection, queries.map(textOf).join(';'))
  // A packet of one statement brings its result without the list around it.
  return (queries.length === 1 ? [results] : results) as unknown[][]
}

/** In one packet; only where something is to happen between the last write and the COMMIT, in two. */
export async function sendAndCommit(
  connection: PoolConnection,
  saves: readonly CompiledQuery[],
  failpoints: Failpoints,
): Promise<void> {
  const beforeCommit = failpoints['worker.beforeCommit']
  if (beforeCommit) {
    await send(connection, saves)
    beforeCommit()
    await send(connection, [commit])
  } else await send(connection, [...saves, commit])
  failpoints['worker.afterCommit']?.()
}

// By callback: the driver's promises take a stack trace with every query.
const ask = (connection: PoolConnection, sql: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    connection.query({ sql, timeout: PACKET_MS_MAX }, (error, results) => {
      if (error) reject(error)
      else resolve(results)
    })
  })

const textOf = ({ sql, parameters }: CompiledQuery): string =>
  parameters.length === 0 ? sql : format(sql, parameters as SqlValue[], true, 'Z')

/** Ends a transaction with nothing done, after an error or without one. A connection that may hold an open transaction never goes back to the pool. */
export async function giveUp(connection: PoolConnection, error?: unknown): Promise<void> {
  // Only an error of the server's own leaves a connection that still answers; ROLLBACK would queue behind a statement that hangs.
  if (error !== undefined && !isServerError(error)) {
    if (isSilence(error)) endIdleBeside(connection)
    return connection.destroy()
  }
  try {
    await ask(connection, 'rollback')
    connection.release()
  } catch {
    connection.destroy()
  }
}
