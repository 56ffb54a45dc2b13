/** Builds an api process: every part gets what it needs as functions. */
import { EXPIRY_GRACE_MS, KEY_REUSED } from '@flashlane/core'
import { createFailpoints, type Failpoints } from '@flashlane/failpoints'
import type { Logger } from '@flashlane/log'
import { redisTls } from '@flashlane/tls'
import { type AppDeps, createApp } from './app.ts'
import { createCatalogue } from './catalogue.ts'
import { makeHead } from './command-head.ts'
import type { Config } from './config.ts'
import { realTimers } from './dispatch/timers.ts'
import { makeExecute } from './execute.ts'
import { createFront } from './front.ts'
import { makeDeriveX } from './idempotency.ts'
import { createInbox } from './inbox.ts'
import { makeLaneStatus } from './lane-status.ts'
import { createLive } from './live/live.ts'
import { makeFaultLog } from '@flashlane/log'
import {
  addNodeMetrics,
  addServiceMetrics,
  isTracingWanted,
  startTracing,
} from '@flashlane/telemetry'
import { createMetrics, type Metrics } from './metrics.ts'
import { makeFindOperator, type OperatorToken, plainToken } from './operator-token.ts'
import { type Pipeline, startPipeline } from './pipeline.ts'
import type { QueueBoard } from './queue-board.ts'
import { createRateLimit, type CountRequest, limitCustomers, type Quota } from './rate-limit.ts'
import { startServer } from './server.ts'
import { createSoldOut } from './sold-out.ts'
import { connectServices, type Services } from './services.ts'
import { shutDown } from './shutdown.ts'
import type { Tracing } from './tracing.ts'
import { makeVerifiers } from './webhooks/verifiers.ts'

export type Api = { readonly port: number; stop(): Promise<void> }

export async function startApi(config: Config, log: Logger): Promise<Api> {
  const onFault = makeFaultLog(log)
  const services = await connectServices(config, { log, onFault })
  const metrics = createMetrics()
  const failpoints = createFailpoints(config.FAILPOINTS)
  if (config.FAILPOINTS) log.warn('FAILPOINTS is set: this process breaks itself, for a test')
  const traced = isTracingWanted(process.env) ? await loadTracing() : undefined
  const tracing = traced?.tracing
  const pipeline = startPipeline({ config, services, metrics, tracing, failpoints, onFault })
  const { dispatcher, canary } = pipeline

  let isDraining = false
  const wired = await wire({
    config,
    services,
    pipeline,
    tracing,
    metrics,
    failpoints,
    log,
    onFault,
  })
  watchServices(metrics, services)
  metrics.watch({ ...dispatcher, ...wired.live, canaryAgeMs: canary.ageMs })
  const app = createApp({ ...wired, isDraining: () => isDraining })
  const board = config.QUEUE_BOARD ? await loadBoard(config, services, onFault) : undefined
  const front = createFront(app, {
    board: board?.app,
    traceRequest: tracing?.traceRequest,
    corsOrigins: config.CORS_ORIGINS,
    countClient: countEach('client', config.RATE_LIMIT_CLIENT, services),
    trustedHops: config.TRUST_PROXY,
  })
  const server = await startServer(front, {
    host: config.HOST,
    port: config.PORT,
    connectionsMax: config.CONNECTIONS_MAX,
    onDrop: () => metrics.droppedConnections.inc(),
  })

  return {
    port: server.port,
    stop() {
      isDraining = true
      return shutDown({
        server,
        live: wired.live,
        dispatcher,
        async release() {
          pipeline.stop()
          await board?.close()
          await traced?.flush()
          await services.close()
        },
        drainDelayMs: config.DRAIN_DELAY_MS,
        graceMs: config.SHUTDOWN_GRACE_MS,
      })
    },
  }
}

/** Only where it is wanted: OpenTelemetry is large. */
async function loadTracing() {
  const flush = await startTracing('flashlane-api')
  const { createTracing } = await import('./tracing.ts')
  return { tracing: createTracing(), flush }
}

/** Only where it is wanted: it brings a user interface with it. */
async function loadBoard(
  config: Config,
  { mysql }: Services,
  onFault: (error: unknown) => void,
): Promise<QueueBoard> {
  const { createQueueBoard } = await import('./queue-board.ts')
  return createQueueBoard({
    redisUrl: config.REDIS_URL,
    tls: redisTls(config),
    findOperator: makeFindOperator(tokensOf(config)),
    layout: config.LANES,
    productIds: () => mysql.productIdsAfter(0),
    onFault,
  })
}

function watchServices({ registry }: Metrics, { database, redis, subscriber }: Services): void {
  addNodeMetrics(registry)
  const watch = addServiceMetrics(registry)
  watch.database(database)
  watch.redis('lanes', redis)
  watch.redis('replies', subscriber)
}

const countEach = (
  name: 'client' | 'customer',
  quota: Quota | undefined,
  { redis }: Services,
): CountRequest | undefined => quota && createRateLimit(redis, { name, quota })

const tokensOf = ({ ADMIN_TOKEN, ADMIN_TOKENS }: Config): readonly OperatorToken[] => [
  ...(ADMIN_TOKEN === undefined ? [] : [plainToken(ADMIN_TOKEN)]),
  ...ADMIN_TOKENS,
]

type Parts = {
  readonly config: Config
  readonly services: Services
  readonly pipeline: Pipeline
  readonly tracing: Tracing | undefined
  readonly metrics: Metrics
  readonly failpoints: Failpoints
  readonly log: Logger
  onFault(error: unknown): void
}

/** What the routes need, over this process's services. */
async function wire(parts: Parts): Promise<Omit<AppDeps, 'isDraining'>> {
  const { config, services, pipeline, tracing, metrics, failpoints, log, onFault } = parts
  const { mysql } = services
  const { nowMs } = services.clock
  const { lanes, laneOf, drawX, snapshots } = pipeline
  const { dispatcher } = pipeline
  const submit = tracing ? tracing.traceSubmit(dispatcher.submit) : dispatcher.submit
  const catalogue = createCatalogue({
    exists: async (productId) => (await mysql.findProduct(productId)) !== null,
    monotonicMs: realTimers.monotonicMs,
  })
  for (const productId of await mysql.productIdsAfter(0)) catalogue.add(productId)
  const soldOut = createSoldOut({ monotonicMs: realTimers.monotonicMs })
  const deriveX = makeDeriveX(await mysql.idempotencySecret())

  const live = createLive({
    catalogue,
    readProduct: snapshots.read,
    findCommand: mysql.findCommand,
    refreshSnapshots: snapshots.refresh,
    queuedBatch: (productId, commandId) => lanes.queuedBatch(laneOf(productId), commandId),
    stillQueued: (productId, commandIds) => lanes.stillQueued(laneOf(productId), commandIds),
    placeOf: lanes.placeOf,
    laneOf,
    subscribe: pipeline.subscribe,
    stockShownMax: config.STOCK_SHOWN_MAX,
    nowMs,
    timers: realTimers,
    onFault,
  })

  return {
    live,
    catalogue,
    metrics,
    log,
    nowMs,
    makeHead: makeHead({ nowMs, drawX, deriveX }),
    execute: makeExecute({
      submit,
      remember: ({ productId, commandId }, batchId) =>
        lanes.remember(laneOf(productId), commandId, batchId),
      learn: soldOut.learn,
      standingOf: live.standingOf,
      metrics,
      log,
    }),
    soldOut: {
      refusal(asked) {
        const refusal = soldOut.refusal(asked)
        if (refusal) metrics.doorRefusals.inc()
        return refusal
      },
    },
    inbox: createInbox({
      submit,
      drawX,
      nowMs,
      has: catalogue.has,
      findOrderByReference: mysql.findOrderByReference,
      async insertWaitingEvent(command, nextTryAtMs) {
        const kept = await mysql.insertWaitingEvent(command, nextTryAtMs)
        failpoints['api.afterInbox']?.()
        return kept
      },
      buryReusedKey: (command) =>
        mysql.buryReusedKey(command, { reason: KEY_REUSED, nowMs: nowMs() }),
      webhookWaitMs: config.WEBHOOK_WAIT_MS,
      releaseOnFailure: config.ON_PAYMENT_FAILED === 'release',
      restockOnRefund: config.RESTOCK_ON_REFUND,
    }),
    ...(await makeVerifiers({ config, nowMs, log })),
    findHold: mysql.findHold,
    findOrder: mysql.findOrder,
    listProducts: mysql.listProducts,
    readProduct: snapshots.read,
    createProduct: (fields, requestId) =>
      mysql.createProduct(fields, { x: drawX(nowMs()), requestId }),
    announce: lanes.announce,
    limitCustomer: limitCustomers(countEach('customer', config.RATE_LIMIT_CUSTOMER, services)),
    findOperator: makeFindOperator(tokensOf(config)),
    beginAction: mysql.beginAction,
    endAction: mysql.endAction,
    listActions: mysql.listActions,
    stockShownMax: config.STOCK_SHOWN_MAX,
    holdTtlS: config.HOLD_TTL_S,
    holdLifetimeS: config.HOLD_LIFETIME_S,
    holdExtensions: config.HOLD_EXTENSIONS,
    submit,
    drawX: () => drawX(nowMs()),
    listDeadLetters: mysql.listDeadLetters,
    findDeadLetter: mysql.findDeadLetter,
    claimReplay: mysql.claimReplay,
    dropReplay: mysql.dropReplay,
    nameReplay: mysql.nameReplay,
    listRefunds: mysql.listRefunds,
    findRefund: mysql.findRefund,
    settleOrphan: mysql.settleOrphan,
    listPaymentEvents: mysql.listPaymentEvents,
    laneStatus: makeLaneStatus({
      redis: services.redis,
      layout: config.LANES,
      pacesOf: mysql.pacesOf,
      nowMs,
    }),
    countOverdue: () => mysql.countOverdue(nowMs() - EXPIRY_GRACE_MS),
    sweep: lanes.sweep,
    auditProduct: services.auditProduct,
    paymentDueS: config.PAYMENT_DUE_S,
    waitS: config.WAIT_S,
    readClockMs: mysql.readClockMs,
    migrationsPending: mysql.migrationsPending,
    canary: pipeline.canary.status,
    registry: metrics.registry,
  }
}
