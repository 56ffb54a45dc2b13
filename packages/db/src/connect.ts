/** Connections to MySQL or MariaDB, all set alike. */
import { Kysely, MysqlDialect } from 'kysely'
import { createPool, format, type Pool, type SqlValue } from 'mysql2'
import type { Tls } from '@flashlane/tls'
import { watchIdle } from './idle.ts'
import { limitPool } from './limited-pool.ts'
import type { Schema } from './schema.ts'

export type Database = {
  readonly db: Kysely<Schema>
  readonly pool: Pool
  close(): Promise<void>
}

export type ConnectOptions = {
  readonly url: string
  readonly poolSize: number
  /** Unset: not encrypted. */
  readonly tls?: Tls | undefined
  /** Several statements a packet: for the worker's own pool only, since it is what turns an injection into anything. */
  readonly multipleStatements: boolean
  /** For queries through Kysely; migrations want more. */
  readonly queryMsMax?: number
}

const CONNECT_MS_MAX = 3_000
/** MySQL answers in milliseconds, or is in trouble. */
const QUERY_MS_MAX = 5_000
const QUEUED_MAX = 10_000
const LOCK_WAIT_S_MAX = 2

// One statement each: MariaDB 10.11 has no variable for the isolation level that SET could join to the others. What a
// server may have by default otherwise is set too: with NO_BACKSLASH_ESCAPES a quote in a value would end it, outside
// strict mode a value would be cut, and without autocommit a lone INSERT would be answered and never committed.
const SESSION = [
  'set session transaction isolation level read committed',
  `set session time_zone = '+00:00', innodb_lock_wait_timeout = ${LOCK_WAIT_S_MAX}, autocommit = 1,
    completion_type = 'NO_CHAIN', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'`,
]

/** Opens no connection yet: the first query does. */
export function connect({
  url,
  poolSize,
  tls,
  multipleStatements,
  queryMsMax = QUERY_MS_MAX,
}: ConnectOptions): Database {
  const pool = createPool({
    uri: url,
    connectionLimit: poolSize,
    queueLimit: QUEUED_MAX,
    connectTimeout: CONNECT_MS_MAX,
    enableKeepAlive: true,
    // Without verifyIdentity, the certificate of any other server of that authority would do.
    ...(tls && { ssl: { ...tls, verifyIdentity: true } }),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    stringifyObjects: true,
    multipleStatements,
    // A statement without values is sent as it stands: looking for placeholders in a batch took longer than applying it.
    queryFormat: (text: string, values: SqlValue[] | undefined) =>
      values === undefined || values.length === 0 ? text : format(text, values, true, 'Z'),
  })
  pool.on('connection', (connection) => {
    for (const statement of SESSION) {
      // A connection in another mode would read what the locks do not cover.
      connection.query(statement, (error: unknown) => {
        if (error) connection.destroy()
      })
    }
  })
  watchIdle(pool)
  const db = new Kysely<Schema>({
    dialect: new MysqlDialect({ pool: limitPool(pool, queryMsMax) }),
  })
  return { db, pool, close: () => db.destroy() }
}
