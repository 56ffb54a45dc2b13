/**
 * Where Redis is: one server, or a Redis Cluster, of which a few servers are named and tell of the others. A URL cannot
 * have several hosts, so that the latter is parsed here: `redis+cluster://user:password@a:6379,b:6379`.
 */

export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | {
      readonly kind: 'cluster'
      readonly servers: readonly Server[]
      readonly isEncrypted: boolean
      readonly username: string | undefined
      readonly password: string | undefined
    }

type Server = { readonly host: string; readonly port: number }

const PORT_DEFAULT = 6_379
const CLUSTER = /^(rediss?)\+cluster:\/\/(?:([^@/]*)@)?([^@/?#]+)\/?$/

/** Null where it is neither. */
export function parseRedisUrl(text: string): RedisAddress | null {
  const [, scheme, user, hosts] = CLUSTER.exec(text) ?? []
  if (hosts === undefined) {
    const isServer = /^rediss?:$/.test(URL.parse(text)?.protocol ?? '')
    return isServer ? { kind: 'server', url: text } : null
  }
  const servers = hosts.split(',').map(parseServer)
  const first = URL.parse(`redis://${user ?? ''}@host`)
  if (first === null || !isComplete(servers)) return null
  return {
    kind: 'cluster',
    servers,
    isEncrypted: scheme === 'rediss',
    username: decodeURIComponent(first.username) || undefined,
    password: decodeURIComponent(first.password) || undefined,
  }
}

export const REDIS_URL_WANTED =
  'must be redis://host:port, or redis+cluster://host:port,host:port (rediss for TLS)'
export const REDIS_URL_DESCRIPTION =
  '`redis://` or `rediss://`; of a Redis Cluster `redis+cluster://` or `rediss+cluster://` and some of its servers, with commas. `npm start` finds one'

export const isRedisUrl = (text: string): boolean => parseRedisUrl(text) !== null

function parseServer(text: string): Server | null {
  const url = URL.parse(`redis://${text}`)
  if (!url?.hostname) return null
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || PORT_DEFAULT) }
}

const isComplete = (servers: readonly (Server | null)[]): servers is readonly Server[] =>
  !servers.includes(null)
