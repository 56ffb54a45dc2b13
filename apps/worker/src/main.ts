/** Builds the worker, runs it, and ends it when told. */
import { formatLayout, LANES_CHANNEL, queueName, SWEEP_NOTICE } from '@flashlane/core'
import {
  bury,
  claimLayout,
  connect,
  deadLetter,
  isTransient,
  migrationsPending,
} from '@flashlane/db'
import { createFailpoints } from '@flashlane/failpoints'
import { warnOfWeakServers } from '@flashlane/durability'
import { createRunIds } from '@flashlane/redis'
import { createLog, endOnUncaught, makeFaultLog } from '@flashlane/log'
import { mysqlTls, redisTls } from '@flashlane/tls'
import { collectGarbage, isTracingWanted, keepHeapSmall, startTracing } from '@flashlane/telemetry'
import type { Job } from 'bullmq'
import { publish } from './after-commit.ts'
import type { Applied } from './apply.ts'
import { parseConfig } from './config.ts'
import { draw } from './draw.ts'
import { makeHandle } from './handle.ts'
import { createAhead } from './ahead.ts'
import { createJoint } from './joint.ts'
import { createLanes } from './lanes.ts'
import { askMysql } from './mysql.ts'
import { createMetrics } from './metrics.ts'
import { connectRedis, connectSubscriber } from './redis.ts'
import { createStore } from './store.ts'
import { createStatus } from './status.ts'
import { createSweeper } from './sweeper.ts'
import { makeUntilDone } from './until-done.ts'

/** Of the shutdown's time, what the batches in hand have; the rest is for putting them back. */
const FINISH_SHARE = 0.7

keepHeapSmall()
const config = readConfig()
const written = createLog({ process: 'worker', level: config.LOG_LEVEL })
const { log, flush } = written
endOnUncaught(written)
const onFault = makeFaultLog(log)
const failpoints = createFailpoints(config.FAILPOINTS)
if (config.FAILPOINTS) log.warn('FAILPOINTS is set: this process breaks itself, for a test')
const database = connect({
  url: config.MYSQL_URL,
  poolSize: config.MYSQL_POOL_SIZE,
  tls: mysqlTls(config),
  multipleStatements: true,
})
const tls = redisTls(config)
const redis = connectRedis(config.REDIS_URL, { tls, onFault })
const notices = connectSubscriber(config.REDIS_URL, { tls, redis, onFault })
const runIds = createRunIds(redis, onFault)
const mysql = askMysql(database)
const metrics = createMetrics()
const untilDone = makeUntilDone(log, { onRetry: metrics.retried })
const traced = isTracingWanted(process.env) ? await loadTracing() : undefined
const putBack = new AbortController()

const status = createStatus({ config, metrics, database, redis, notices, log, onFault })
await check()
warnOfWeakServers({ database, redis, log })
const store = createStore(database, log, { failpoints, told: metrics })
const handle = makeHandle({
  mysql,
  store,
  ahead: createAhead(store, {
    onFault: (error) => log.warn({ err: error }, 'batches of a deep lane go alone'),
  }),
  joint: createJoint(store, {
    onFault: (error) => log.warn({ err: error }, 'batches of several lanes go alone'),
  }),
  publish: (runId, published) => publish(redis, runId, published),
  draw,
  untilDone,
  metrics: traced ? { ...metrics, applied: toBoth } : metrics,
  log,
  layout: config.LANES,
  runIdOf: (lane) => runIds.ask(queueName(lane)),
  failpoints,
})
const lanes = createLanes({
  redis,
  handle,
  bury: buryJob,
  untilDone,
  metrics,
  traceJob: traced?.tracing.traceJob,
  log,
  onFault,
  nowMs: Date.now,
  signal: putBack.signal,
})
const sweeper = createSweeper({
  mysql,
  lanes,
  draw,
  layout: config.LANES,
  parkedTtlMs: config.PARKED_TTL_S * 1_000,
  onUnclaimed({ event, result }) {
    const { provider, eventKey, paymentRef, amount, currency } = event
    if (result === 'orphan_payment') metrics.orphaned()
    log.warn({ provider, eventKey, paymentRef, amount, currency, result }, 'payment unclaimed')
  },
  onFault,
  failpoints,
})
status.works(lanes)
sweeper.start()
notices.on('message', (_channel, notice) => {
  const look = notice === SWEEP_NOTICE ? sweeper.sweep : sweeper.openLanes
  look().catch(onFault)
})
await notices.subscribe(LANES_CHANNEL)
log.info({ lanes: formatLayout(config.LANES) }, 'worker ready')
process.once('SIGTERM', () => void shutdown())
process.once('SIGINT', () => void shutdown())

function readConfig() {
  try {
    return parseConfig(process.env)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}

/** Refuses to work on a database of another shape, or on lanes laid out otherwise. */
async function check(): Promise<void> {
  const pending = await untilDone(() => migrationsPending(database).catch(dieUnlessTransient), {
    signal: putBack.signal,
    what: 'start',
  })
  const wanted = formatLayout(config.LANES)
  const stands =
    pending.length > 0
      ? wanted
      : await untilDone(() => claimLayout(database, wanted).catch(dieUnlessTransient), {
          signal: putBack.signal,
          what: 'start',
        })
  if (pending.length > 0) log.fatal({ pending }, 'the database lacks migrations: run them first')
  else if (stands !== wanted)
    log.fatal(
      `LANES is ${wanted}, but the lanes are laid out as ${stands}: set LANES=${stands}, or drain all lanes and lay them out anew`,
    )
  else return
  exit(1)
}

function dieUnlessTransient(error: unknown): never {
  if (isTransient(error)) throw error
  log.fatal({ err: error }, 'the database refuses')
  return exit(1)
}

/** Only where it is wanted: OpenTelemetry is large. */
async function loadTracing() {
  const flush = await startTracing('flashlane-worker')
  const { createTracing } = await import('./tracing.ts')
  return { tracing: createTracing(), flush }
}

function toBoth(applied: Applied, tookMs: number): void {
  metrics.applied(applied, tookMs)
  traced?.tracing.applied(applied)
}

async function buryJob(job: Job<unknown>, error: string): Promise<void> {
  log.error({ jobId: job.id, error }, 'job buried')
  const head = { batch_id: String(job.id), n: 0, product_id: null, buried_at_ms: Date.now() }
  await bury(database, [deadLetter(head, { error, body: job.data })], [])
  metrics.buried()
}

/** Intake first, then what it stood on. The timer is the promise that shutdown ends. */
async function shutdown(): Promise<void> {
  log.info('worker stopping')
  status.drains()
  setTimeout(() => exit(1), config.SHUTDOWN_GRACE_MS).unref()
  const graceMs = config.SHUTDOWN_GRACE_MS * FINISH_SHARE
  setTimeout(() => putBack.abort(new Error('shutting down')), graceMs).unref()
  await sweeper.stop()
  await lanes.close()
  notices.disconnect()
  await redis.quit()
  await status.close()
  await traced?.flush()
  await database.close()
  log.info('worker stopped')
  exit(0)
}

function exit(code: number): never {
  flush()
  collectGarbage()
  process.exit(code)
}
