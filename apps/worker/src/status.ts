/** What a worker shows of itself: its metrics, and whether it works. */
import { connect, type Database, migrationsPending, readBacklogs, readClockMs } from '@flashlane/db'
import type { Logger } from '@flashlane/log'
import { addNodeMetrics, addServiceMetrics, type Check, check } from '@flashlane/telemetry'
import type { RedisClient } from '@flashlane/redis'
import { addBacklogMetrics } from './backlog-metrics.ts'
import type { Config } from './config.ts'
import { readLaneBacklogs } from './lane-backlogs.ts'
import type { Lanes } from './lanes.ts'
import type { Metrics } from './metrics.ts'
import { seldom } from './seldom.ts'
import { startStatusServer } from './status-server.ts'

const ASK_EACH_MS = 5_000
const ANSWER_MS_MAX = 1_000

type Deps = {
  readonly config: Config
  readonly metrics: Metrics
  readonly database: Database
  readonly redis: RedisClient
  /** The connection that hears of new lanes. */
  readonly notices: RedisClient
  readonly log: Logger
  onFault(error: unknown): void
}

/** Shown from the start on, so that a worker that waits for its database is seen to live. */
export function createStatus(deps: Deps) {
  const { config, metrics, database, redis, notices, onFault } = deps
  const { registry } = metrics
  let lanes: Pick<Lanes, 'names'> | null = null
  let isDraining = false
  // One connection of its own: what a scrape asks takes none from the lanes, and hangs by itself if it does.
  const asking = connect({
    url: config.MYSQL_URL,
    poolSize: 1,
    multipleStatements: false,
    queryMsMax: ANSWER_MS_MAX,
  })
  const limits = { eachMs: ASK_EACH_MS, withinMs: ANSWER_MS_MAX, onFault }
  addNodeMetrics(registry)
  const services = addServiceMetrics(registry)
  services.database(database)
  services.redis('lanes', redis)
  services.redis('notices', notices)
  addBacklogMetrics(registry, {
    laneBacklogs: seldom(
      () => readLaneBacklogs(redis, lanes?.names() ?? [], () => readClockMs(asking)),
      limits,
    ),
    backlogs: seldom(() => readBacklogs(asking), limits),
    openLanes: () => lanes?.names().length ?? 0,
    lanesShown: config.METRICS_LANES,
  })

  const checks = async (): Promise<Readonly<Record<string, Check>>> => {
    const [mysql, migrations, inRedis] = await Promise.all([
      check(readClockMs(asking).then(() => true)),
      check(migrationsPending(asking).then((pending) => pending.length === 0)),
      check(redis.ping().then(() => true)),
    ])
    const works = lanes === null ? 'failed' : 'ok'
    return {
      mysql,
      migrations,
      redis: inRedis,
      lanes: works,
      draining: isDraining ? 'failed' : 'ok',
    }
  }
  const server = startStatusServer({
    host: config.METRICS_HOST,
    port: config.METRICS_PORT,
    registry,
    checks,
    log: deps.log,
  })

  return {
    /** From now on it works these. */
    works(opened: Pick<Lanes, 'names'>): void {
      lanes = opened
    },
    drains(): void {
      isDraining = true
    },
    async close(): Promise<void> {
      server.close()
      await asking.close()
    },
  }
}
