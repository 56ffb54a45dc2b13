/** Which server of a Redis Cluster keeps a key. Of a lone server: that one. */
import calculateSlot from 'cluster-key-slot'
import { type Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

/** Its connection; undefined while nobody is known to serve the key. */
export function serverOf(redis: RedisClient, key: string): Redis | undefined {
  if (redis instanceof Redis) return redis
  const [master] = redis.slots[calculateSlot(key)] ?? []
  return redis.nodes('master').find((server) => addressOf(server) === master)
}

/** Keys with the same can be had in one call: all keys of a lone server, those of a slot in a Cluster. */
export const slotOf = (redis: RedisClient, key: string): number =>
  redis instanceof Redis ? 0 : calculateSlot(key)

export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`

/** Calls with each connection, now and whenever a Cluster has one more. */
export function eachServer(redis: RedisClient, found: (server: Redis) => void): void {
  if (redis instanceof Redis) return found(redis)
  for (const server of redis.nodes()) found(server)
  redis.on('+node', found)
}
