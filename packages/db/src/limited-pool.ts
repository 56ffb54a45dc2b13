/** A pool whose queries end in time: a server that says nothing keeps neither its caller nor a place in the pool. */
import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from 'kysely'
import type { Pool, PoolConnection, SqlValue } from 'mysql2'
import { isSilence } from './errors.ts'
import { endIdleBeside } from './idle.ts'

type Answered = (error: unknown, result: MysqlQueryResult) => void

/** What Kysely sees of `pool`. A connection that let a query wait longer than `queryMsMax` is destroyed, not given back. */
export function limitPool(pool: Pool, queryMsMax: number): MysqlPool {
  // Kysely knows a connection again by its identity.
  const limited = new WeakMap<PoolConnection, MysqlPoolConnection>()
  return {
    getConnection(callback) {
      pool.getConnection((error, connection) => {
        if (error) return callback(error, connection)
        const known = limited.get(connection) ?? limitConnection(connection, queryMsMax)
        limited.set(connection, known)
        callback(null, known)
      })
    },
    end: (callback) => pool.end(callback),
  }
}

function limitConnection(connection: PoolConnection, queryMsMax: number): MysqlPoolConnection {
  let isStuck = false

  function query(
    sql: string,
    values: SqlValue[],
    answered?: Answered,
  ): ReturnType<MysqlPoolConnection['query']> {
    // What comes next, a ROLLBACK at most, would wait behind what hangs: it fails in its turn, and soon.
    const timeout = isStuck ? 1 : queryMsMax
    const sent = connection.query({ sql, values, timeout }, (error, result) => {
      if (isSilence(error)) {
        isStuck = true
        endIdleBeside(connection)
      }
      answered?.(error, result as unknown as MysqlQueryResult)
    })
    return sent
  }

  return {
    config: connection.config,
    threadId: connection.threadId ?? 0,
    connect: (callback) => connection.connect(callback),
    destroy: () => connection.destroy(),
    query,
    release: () => (isStuck ? connection.destroy() : connection.release()),
  }
}
