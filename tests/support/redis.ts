/** The Redis of one test file: a server of its own, or where it is asked for a Redis Cluster of three masters. */
import { connectRedis, eachServer, type RedisClient } from '@flashlane/redis'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { pingRedis } from '../../scripts/ping.mjs'
import { freePort, startRedis } from '../../scripts/services.mjs'
import { until } from './until.ts'

type Server = Awaited<ReturnType<typeof startRedis>>
type Plan = Parameters<typeof startRedis>[0] & { readonly busPort: number }

export type TestRedis = {
  /** As REDIS_URL wants it. */
  readonly url: string
  /** One, or the masters. */
  servers(): readonly Server[]
  /** kill -9 of all. */
  kill(): Promise<void>
  /** Starts again what does not run, with the data that it had. */
  restart(): Promise<void>
  /** A connection that waits, for a test to look for itself. */
  connect(): RedisClient
  stop(): Promise<void>
}

/** A command that runs the end-to-end tests on a Cluster sets it. */
const KIND = 'FLASHLANE_TEST_REDIS'
const MASTERS = 3
const SLOTS = 16_384
const FORMED_MS_MAX = 20_000
const KEYS_A_MOVE = 100
const MOVE_MS_MAX = 5_000

export async function startTestRedis({
  isCluster = process.env[KIND] === 'cluster',
}: {
  isCluster?: boolean
} = {}): Promise<TestRedis> {
  const folder = mkdtempSync(join(process.env['FLASHLANE_TEST_FOLDER'] ?? tmpdir(), 'redis-'))
  const password = randomBytes(9).toString('hex')
  const plans: Plan[] = []
  for (let n = 0; n < (isCluster ? MASTERS : 1); n++) {
    const busPort = await freePort()
    plans.push({
      folder: join(folder, String(n)),
      port: await freePort(),
      busPort,
      password,
      settings: isCluster ? clusterSettings(busPort) : [],
    })
  }
  const running = await Promise.all(plans.map(startRedis))
  if (isCluster) await formCluster(plans)
  const url = isCluster ? clusterUrl(running, password) : (running[0]?.url ?? '')
  return {
    url,
    servers: () => running,
    async kill() {
      await Promise.all(running.map((server) => server.kill()))
    },
    async restart() {
      const restarted = running.map(async (server, n) => {
        const plan = plans[n]
        if (plan && !(await isRunning(server.url))) running[n] = await startRedis(plan)
      })
      await Promise.all(restarted)
    },
    connect: () => connectRedis(url, { maxRetriesPerRequest: null }, () => {}),
    async stop() {
      await Promise.all(running.map((server) => server.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** All that each server has to say: what concerns no key is asked of each. */
export async function askEach<T>(
  redis: RedisClient,
  ask: (server: Redis) => Promise<readonly T[]>,
): Promise<T[]> {
  if (redis.status !== 'ready') await redis.ping()
  const servers: Redis[] = []
  eachServer(redis, (server) => servers.push(server))
  return (await Promise.all(servers.map(ask))).flat()
}

const clusterSettings = (busPort: number): string[] => [
  'cluster-enabled yes',
  `cluster-port ${busPort}`,
  'cluster-node-timeout 2000',
  // A master that is away takes its own lanes along, not those of the others.
  'cluster-require-full-coverage no',
]

const clusterUrl = (servers: readonly Server[], password: string): string =>
  `redis+cluster://:${password}@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`

const isRunning = (url: string): Promise<boolean> =>
  pingRedis(url).then(
    () => true,
    () => false,
  )

/** As `redis-cli --cluster create` does it: a share of the slots for each, then they meet. */
async function formCluster(plans: readonly Plan[]): Promise<void> {
  const clients = plans.map(({ port, password }) => new Redis({ port, password: password ?? '' }))
  const share = Math.ceil(SLOTS / clients.length)
  for (const [n, client] of clients.entries()) {
    await client.cluster('ADDSLOTSRANGE', n * share, Math.min((n + 1) * share, SLOTS) - 1)
    await client.cluster('SET-CONFIG-EPOCH', n + 1)
  }
  for (const { port, busPort } of plans.slice(1)) {
    await clients[0]?.cluster('MEET', '127.0.0.1', port, busPort)
  }
  await until(
    async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
      return infos.every(
        (info) => info.includes('cluster_state:ok') && info.includes(`known_nodes:${MASTERS}`),
      )
    },
    { withinMs: FORMED_MS_MAX, what: 'the Redis Cluster is formed' },
  )
  for (const client of clients) client.disconnect()
}

/** Hands the slot of a key over to another master, with all that is in it, as `redis-cli --cluster reshard` does it. */
export async function moveSlot({ from, to, key }: Record<'from' | 'to', Redis> & { key: string }) {
  const slot = await from.cluster('KEYSLOT', key)
  const [fromId, toId] = [await from.cluster('MYID'), await to.cluster('MYID')]
  await to.cluster('SETSLOT', slot, 'IMPORTING', fromId)
  await from.cluster('SETSLOT', slot, 'MIGRATING', toId)
  const { host, port, password } = to.options
  for (;;) {
    const keys = await from.cluster('GETKEYSINSLOT', slot, KEYS_A_MOVE)
    if (keys.length === 0) break
    await from.migrate(
      host ?? '',
      port ?? 0,
      '',
      0,
      MOVE_MS_MAX,
      'AUTH',
      password ?? '',
      'KEYS',
      ...keys,
    )
  }
  await to.cluster('SETSLOT', slot, 'NODE', toId)
  await from.cluster('SETSLOT', slot, 'NODE', toId)
}
