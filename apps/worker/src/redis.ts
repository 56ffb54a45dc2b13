/** The worker's connection to Redis: waits for it as long as it takes, since a lane has nowhere else to go. */
import {
  connectRedis as connect,
  connectSubscriber as subscribeTo,
  type RedisClient,
} from '@flashlane/redis'
import type { Tls } from '@flashlane/tls'
import type { Redis } from 'ioredis'

const RECONNECT_MS_MAX = 500

const patient = {
  maxRetriesPerRequest: null,
  retryStrategy: (tries: number) => Math.min(tries * 50, RECONNECT_MS_MAX),
  // After a failover the old master says READONLY: the next connection finds the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
}

type Options = { readonly tls?: Tls | undefined; onFault(error: unknown): void }

const optionsOf = ({ tls }: Options) => ({ ...patient, ...(tls && { tls }) })

export const connectRedis = (url: string, options: Options): RedisClient =>
  connect(url, optionsOf(options), options.onFault)

/** `redis` is the other connection to the same: of a Cluster it knows the servers. */
export const connectSubscriber = (
  url: string,
  { redis, ...options }: Options & { readonly redis: RedisClient },
): Redis => subscribeTo(url, { options: optionsOf(options), redis, onFault: options.onFault })
