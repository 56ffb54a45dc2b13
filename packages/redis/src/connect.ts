/** Connections to one server, or to a Redis Cluster, with the same manners: what is done in vain is told of, or tried again. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { parseRedisUrl, type RedisAddress } from './address.ts'
import { addressOf, type RedisClient } from './servers.ts'

/** How often a Cluster is asked who serves what: a server that came back, or took over, is found within this. */
const REFRESH_MS = 1_000
const FAILOVER_RETRY_MS = 100

/** How replies are shaped is not up to whoever connects. */
type Options = Omit<RedisOptions, 'replyMapping'>
type OnFault = (error: unknown) => void
type ClusterAddress = Extract<RedisAddress, { kind: 'cluster' }>

/** Without an offline queue nothing is tried again: an error comes at once. */
export function connectRedis(url: string, options: Options, onFault: OnFault): RedisClient {
  const address = addressIn(url)
  const redis =
    address.kind === 'server'
      ? new Redis(address.url, options)
      : connectCluster(address, options, onFault)
  redis.on('error', onFault)
  return redis
}

function addressIn(url: string): RedisAddress {
  const address = parseRedisUrl(url)
  if (address === null) throw new Error('REDIS_URL is neither a server nor a Cluster')
  return address
}

function connectCluster(address: ClusterAddress, options: Options, onFault: OnFault): Cluster {
  const isPatient = options.enableOfflineQueue !== false
  const { retryStrategy, enableOfflineQueue: _, ...ofEach } = options
  const cluster = new Cluster([...address.servers], {
    redisOptions: { ...credentialsOf(address), ...ofEach },
    enableOfflineQueue: isPatient,
    retryDelayOnFailover: isPatient ? FAILOVER_RETRY_MS : 0,
    retryDelayOnClusterDown: isPatient ? FAILOVER_RETRY_MS : 0,
    ...(retryStrategy ? { clusterRetryStrategy: (times) => retryStrategy(times) ?? null } : {}),
    // A certificate names hosts: an address in its place would fit none.
    ...(address.isEncrypted ? { dnsLookup: (host, found) => found(null, host) } : {}),
  })
  cluster.on('node error', onFault)
  mendClose(cluster)
  if (!isPatient) connectAhead(cluster, onFault)
  const refreshing = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache()
  }, REFRESH_MS)
  refreshing.unref()
  cluster.once('end', () => clearInterval(refreshing))
  return cluster
}

/**
 * ioredis can lose the listener with which it reconnects, or ends: a Cluster whose last server goes while it asks who
 * serves what is ready afterwards, and once it is lost again, lost for good. So whoever still stands closed then is told
 * once more. BullMQ makes duplicates for its blocking connections, a lane each: they as well.
 */
function mendClose<Mended extends Cluster>(cluster: Mended): Mended {
  const closing = cluster as unknown as { handleCloseEvent(): void }
  cluster.on('close', () => {
    setImmediate(() => {
      if (cluster.status === 'close') closing.handleCloseEvent()
    })
  })
  const duplicate = cluster.duplicate.bind(cluster)
  cluster.duplicate = (...args: Parameters<typeof duplicate>) => mendClose(duplicate(...args))
  return cluster
}

/** A Cluster connects to a server when it is first needed, and those who do not wait would be turned away until then. */
function connectAhead(cluster: Cluster, onFault: OnFault): void {
  const connect = (server: Redis) => {
    if (server.status === 'wait') server.connect().catch(onFault)
  }
  cluster.on('ready', () => cluster.nodes().forEach(connect))
  cluster.on('+node', (server: Redis) => {
    if (cluster.status === 'ready') connect(server)
  })
}

const credentialsOf = ({ username, password, isEncrypted }: ClusterAddress): Options => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
  ...(isEncrypted ? { tls: {} } : {}),
})

type Subscribing = {
  readonly options: Options
  /** Of the same address: knows which servers there are now. */
  readonly redis: RedisClient
  onFault(error: unknown): void
}

/**
 * A connection for messages. A Cluster carries each to all of its servers, so that one connection to any of them hears
 * everything; the next one goes to another server. ioredis would choose one too, and tell nobody when it is lost.
 */
export function connectSubscriber(url: string, { options, redis, onFault }: Subscribing): Redis {
  const address = addressIn(url)
  const subscriber =
    address.kind === 'server' || redis instanceof Redis
      ? new Redis(url, options)
      : connectToAny(address, options, redis)
  subscriber.on('error', onFault)
  return subscriber
}

function connectToAny(address: ClusterAddress, options: Options, cluster: Cluster): Redis {
  let turn = Math.floor(Math.random() * address.servers.length)
  const next = (): Options => {
    const known = cluster.nodes().map((server) => server.options)
    const servers = known.length > 0 ? known : address.servers
    const { host, port } = servers[turn++ % servers.length] ?? {}
    return { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) }
  }
  const subscriber: Redis = new Redis({
    ...credentialsOf(address),
    ...options,
    ...next(),
    retryStrategy(times) {
      Object.assign(subscriber.options, next())
      return options.retryStrategy?.(times)
    },
  })
  // A server that has left the Cluster still listens, and hears nothing any more.
  cluster.on('-node', (server: Redis) => {
    if (addressOf(server) === addressOf(subscriber)) subscriber.disconnect(true)
  })
  return subscriber
}
