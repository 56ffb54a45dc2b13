/** Connections to Redis that fail fast: a client that waits for an answer is better off with a 503. */
import { REDIS_COMMAND_MS_MAX } from '@flashlane/core'
import {
  connectRedis as connect,
  connectSubscriber as subscribeTo,
  type RedisClient,
} from '@flashlane/redis'
import type { Tls } from '@flashlane/tls'
import type { Redis } from 'ioredis'

const CONNECT_MS_MAX = 2_000
const RETRY_MS_MAX = 250
/** A connection that answers nothing for this long is given up: another may reach a server that does. */
const SILENCE_MS_MAX = 2_000

const failFast = {
  connectTimeout: CONNECT_MS_MAX,
  commandTimeout: REDIS_COMMAND_MS_MAX,
  socketTimeout: SILENCE_MS_MAX,
  enableOfflineQueue: false,
  // Zero tells every waiting command at once that the connection is lost. Sent again later, a command would enter its
  // lane after the time within which it counts as accepted.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // ioredis does it without looking at what comes of it; replies.ts does it itself.
  autoResubscribe: false,
  retryStrategy: (times: number) => Math.min(times * 50, RETRY_MS_MAX),
  // After a failover the old master says READONLY: only a new connection finds the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
}

type Options = {
  readonly name: string
  readonly tls?: Tls | undefined
  onFault(error: unknown): void
}

const optionsOf = ({ name, tls }: Options) => ({
  ...failFast,
  connectionName: name,
  ...(tls && { tls }),
})

export const connectRedis = (url: string, options: Options): RedisClient =>
  connect(url, optionsOf(options), options.onFault)

/** `redis` is the other connection to the same: of a Cluster it knows the servers. */
export const connectSubscriber = (
  url: string,
  { redis, ...options }: Options & { readonly redis: RedisClient },
): Redis => subscribeTo(url, { options: optionsOf(options), redis, onFault: options.onFault })
