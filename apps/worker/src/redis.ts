/** The worker's connection to Redis: waits for it as long as it takes, since a lane has nowhere else to go. */
import {
  connectRedis as connect,
  connectSubscriber as subscribeTo,
  eachServer,
  type RedisClient,
} from '@flashlane/redis'
import type { Tls } from '@flashlane/tls'
import type { Redis } from 'ioredis'

const RECONNECT_MS_MAX = 500
/** How often the server is asked for a sign of life. */
const ASK_MS = 500
/** So many times in a row without an answer, and the connection is given up: TCP alone would wait a quarter of an hour. */
const SILENCES_MAX = 3
/** Of a connection that says nothing, no farewell is waited for. */
const FAREWELL_MS_MAX = 100

const patient = {
  disconnectTimeout: FAREWELL_MS_MAX,
  maxRetriesPerRequest: null,
  retryStrategy: (tries: number) => Math.min(tries * 50, RECONNECT_MS_MAX),
  // After a failover the old master says READONLY: the next connection finds the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
}

type Options = { readonly tls?: Tls | undefined; onFault(error: unknown): void }

const optionsOf = ({ tls }: Options) => ({ ...patient, ...(tls && { tls }) })

export function connectRedis(url: string, options: Options): RedisClient {
  const redis = connect(url, optionsOf(options), options.onFault)
  eachServer(redis, endWhenSilent)
  return redis
}

/** `redis` is the other connection to the same: of a Cluster it knows the servers. */
export function connectSubscriber(
  url: string,
  { redis, ...options }: Options & { readonly redis: RedisClient },
): Redis {
  const { onFault } = options
  const subscriber = subscribeTo(url, { options: optionsOf(options), redis, onFault })
  endWhenSilent(subscriber)
  return subscriber
}

/**
 * ioredis has a limit for silence too, but BullMQ's connections take over the options of this one, and theirs may wait
 * ten seconds for a job. Counted, not timed: after a stall of the event loop, the answer may lie there unread.
 */
function endWhenSilent(redis: Redis): void {
  let isAsked = false
  let silences = 0
  const ask = () => {
    if (redis.status !== 'ready') return
    if (isAsked) {
      if (++silences < SILENCES_MAX) return
      silences = 0
      redis.disconnect(true)
      return
    }
    isAsked = true
    silences = 0
    redis
      .ping()
      .catch(() => {})
      .finally(() => (isAsked = false))
  }
  const timer = setInterval(ask, ASK_MS)
  timer.unref()
  redis.once('end', () => clearInterval(timer))
}
