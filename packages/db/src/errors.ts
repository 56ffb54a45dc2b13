/** Which errors of MySQL another try can mend. Judged by number: MariaDB's names for them differ. */

const LOCK_WAIT_TIMEOUT = 1_205
const DEADLOCK = 1_213
const DUPLICATE_KEY = 1_062
const UNKNOWN_THREAD = 1_094

// 1020 record changed, 1021 1026 1030 1114 disk full, 1040 1203 1226 too many connections, 1037 1041 1135 no memory or
// threads, 1053 1079 1080 shutting down, 1152 1158..1161 1184 network, 1180 commit failed, 1205 lock wait, 1206 1637 too
// much locked, 1213 deadlock, 1290 1792 1836 read-only, 1317 interrupted, 1927 3169 4031 connection ended by the server,
// 1969 3024 query time, 3100 3101 another member of the cluster was first.
const TRANSIENT = new Set([
  1020, 1021, 1026, 1030, 1037, 1040, 1041, 1053, 1079, 1080, 1114, 1135, 1152, 1158, 1159, 1160,
  1161, 1180, 1184, 1203, 1205, 1206, 1213, 1226, 1290, 1317, 1637, 1792, 1836, 1927, 1969, 3024,
  3100, 3101, 3169, 4031,
])

// 1044 1045 1142 1143 1227 1370 denied, 1049 1054 1146 no such database, column or table, 1129 1130 our host is shut out.
const MISFIT = new Set([1044, 1045, 1049, 1054, 1129, 1130, 1142, 1143, 1146, 1227, 1370])

/** Not even a connection: whatever was to be done with it is no worse for that. */
export class NoConnection extends Error {}

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

export const isDeadlock = (error: unknown): boolean =>
  isServerError(error) && errnoOf(error) === DEADLOCK

export const isUnknownThread = (error: unknown): boolean =>
  isServerError(error) && errnoOf(error) === UNKNOWN_THREAD

/** True where a server said nothing within the time of a query. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'PROTOCOL_SEQUENCE_TIMEOUT'

/** The server refuses us, or its tables are not ours: operators mend it, and no command is to blame. */
export const isMisfit = (error: unknown): boolean =>
  isServerError(error) && MISFIT.has(errnoOf(error) ?? 0)

/** Lock conflicts, a server that is away or full, a lost connection: what has no SQL state came from the network. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof NoConnection) return true
  if (isServerError(error)) return TRANSIENT.has(errnoOf(error) ?? 0)
  if ('fatal' in error && error.fatal === true) return true
  return 'code' in error && typeof error.code === 'string' && !isOwnComplaint(error.code)
}

/** Node's complaints about arguments: bugs, which no retry mends. Those about a connection that has ended are none. */
const isOwnComplaint = (code: string): boolean =>
  code.startsWith('ERR_') && !/^ERR_(STREAM|SOCKET|SSL|TLS)_/.test(code)
