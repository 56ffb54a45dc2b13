/** The worker's connection to Redis: waits for it as long as it takes, since a lane has nowhere else to go. */
import { Redis } from 'ioredis'

const RECONNECT_MS_MAX = 500

export const connectRedis = (url: string): Redis =>
  new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(tries * 50, RECONNECT_MS_MAX),
    // After a failover the old master says READONLY: the next connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
