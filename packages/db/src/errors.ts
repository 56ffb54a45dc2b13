/** Which errors of MySQL another try can mend. Judged by number: MariaDB's names for them differ. */

const LOCK_WAIT_TIMEOUT = 1_205
const DUPLICATE_KEY = 1_062
const UNKNOWN_THREAD = 1_094

// 1020 record changed, 1021 1026 1030 1114 disk full, 1040 1203 1226 too many connections, 1053 shutting down,
// 1158..1161 network, 1205 lock wait, 1213 deadlock, 1290 1792 1836 read-only, 1317 interrupted, 1927 4031 connection
// ended by the server, 3024 query time.
const TRANSIENT = new Set([
  1020, 1021, 1026, 1030, 1040, 1053, 1114, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1290,
  1317, 1792, 1836, 1927, 3024, 4031,
])

const errnoOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number'
    ? error.errno
    : undefined

/** True where the server itself said no to a statement, and the connection still answers. */
export const isServerError = (error: unknown): boolean =>
  error instanceof Error && 'sqlState' in error && typeof error.sqlState === 'string'

export const isDuplicateKey = (error: unknown): boolean =>
  isServerError(error) && errnoOf(error) === DUPLICATE_KEY

export const isLockTimeout = (error: unknown): boolean =>
  isServerError(error) && errnoOf(error) === LOCK_WAIT_TIMEOUT

export const isUnknownThread = (error: unknown): boolean =>
  isServerError(error) && errnoOf(error) === UNKNOWN_THREAD

/** Lock conflicts, a server that is away or full, a lost connection: what has no SQL state came from the network. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isServerError(error)) return TRANSIENT.has(errnoOf(error) ?? 0)
  if ('fatal' in error && error.fatal === true) return true
  // Node's own complaints about arguments begin with ERR_: bugs, which no retry mends.
  return 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')
}
