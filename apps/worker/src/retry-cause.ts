/** What a try failed of, in one word for the metrics. */
import { isDeadlock, isLockTimeout, isServerError, isTransient } from '@flashlane/db'

export type RetryCause = 'lock_wait' | 'deadlock' | 'mysql' | 'mysql_connection' | 'redis' | 'other'

/** ioredis's errors: an answer that says no, and a connection that is lost or closed. */
const REDIS = new Set(['ReplyError', 'MaxRetriesPerRequestError', 'AbortError'])

export function causeOf(error: unknown): RetryCause {
  if (isLockTimeout(error)) return 'lock_wait'
  if (isDeadlock(error)) return 'deadlock'
  if (isServerError(error)) return 'mysql'
  if (!(error instanceof Error)) return 'other'
  if (REDIS.has(error.name) || error.message === 'Connection is closed.') return 'redis'
  return isTransient(error) ? 'mysql_connection' : 'other'
}
