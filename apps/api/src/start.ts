/** Builds an api process: every part gets what it needs as functions. */
import { randomBytes } from 'node:crypto'
import {
  CLOCK_ERROR_MS_MAX,
  type Command,
  ENQUEUE_MS_MAX,
  EXPIRY_GRACE_MS,
  formatLayout,
  invariant,
  laneOf as laneOfProduct,
  REDIS_COMMAND_MS_MAX,
  type Reply,
} from '@flashlane/core'
import * as mysql from '@flashlane/db'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { type Canary, startCanary } from './canary.ts'
import { createCatalogue } from './catalogue.ts'
import { startClock } from './clock.ts'
import { makeDrawX, makeHead } from './command-head.ts'
import type { Config } from './config.ts'
import { createDispatcher } from './dispatch/dispatcher.ts'
import { realTimers } from './dispatch/timers.ts'
import { makeExecute } from './execute.ts'
import { makeDeriveX } from './idempotency.ts'
import { createInbox } from './inbox.ts'
import { createLanes } from './lanes.ts'
import { createMetrics } from './metrics.ts'
import { Fault } from './problem.ts'
import { connectRedis } from './redis.ts'
import { listenForReplies } from './replies.ts'
import { startServer } from './server.ts'
import { shutDown } from './shutdown.ts'
import { createSnapshots } from './snapshots.ts'

export type Api = { readonly port: number; stop(): Promise<void> }

const { monotonicMs } = realTimers

export async function startApi(config: Config, log: Logger): Promise<Api> {
  checkTimes()
  const onFault = (error: unknown) => log.warn({ err: error }, 'a service does not answer')
  const database = mysql.connect({
    url: config.MYSQL_URL,
    poolSize: config.MYSQL_POOL_SIZE,
    multipleStatements: false,
  })
  await checkDatabase(database, formatLayout(config.LANES))
  const readClockMs = () => mysql.readClockMs(database)
  const clock = await startClock({ readClockMs, monotonicMs, onFault })
  const { nowMs } = clock

  const processId = randomBytes(8).toString('hex')
  const producer = connectRedis(config.REDIS_URL, { name: `flashlane-api-${processId}`, onFault })
  const subscriber = connectRedis(config.REDIS_URL, { name: `replies-${processId}`, onFault })
  const lanes = createLanes(producer, onFault)
  const metrics = createMetrics()
  const drawX = makeDrawX()
  const laneOf = (productId: number): string => laneOfProduct(productId, config.LANES)
  const findProduct = (productId: number) => mysql.findProduct(database, productId)
  const snapshots = createSnapshots({
    redis: producer,
    laneOf,
    findProduct,
    readFrom: (source) => metrics.reads.inc({ source }),
    onFault,
  })
  const exists = async (productId: number) => (await findProduct(productId)) !== null
  const catalogue = createCatalogue({ exists, monotonicMs })
  for (const productId of await mysql.productIdsAfter(database, 0)) catalogue.add(productId)

  const dispatcher = createDispatcher({
    async addBatch(lane, batch) {
      metrics.batchCommands.observe(batch.commands.length)
      const result = await lanes.add(lane, batch)
      metrics.added.inc({ result })
      return result
    },
    hasJob: lanes.hasJob,
    findBatches: (batchIds) => mysql.findBatches(database, batchIds),
    refreshSnapshots: snapshots.refresh,
    announce: lanes.announce,
    laneOf,
    drawBatchId: () => drawX(nowMs()),
    nowMs,
    timers: realTimers,
    processId,
    batchMax: config.BATCH_MAX,
    onFault,
  })
  const canary = startCanary({ addBatch: lanes.add, drawX, nowMs, monotonicMs, processId })
  const stopListening = listenForReplies({
    redis: subscriber,
    processId,
    heard: (reply) => hear(reply, canary, dispatcher.heard),
    onFault,
  })
  metrics.watch({ ...dispatcher, canaryAgeMs: canary.ageMs })

  const { submit } = dispatcher
  let isDraining = false
  const app = createApp({
    ...{ catalogue, metrics, log, nowMs },
    execute: makeExecute({
      submit,
      remember: ({ productId, commandId }: Command, batchId) =>
        lanes.remember(laneOf(productId), commandId, batchId),
      metrics,
      log,
    }),
    makeHead: makeHead({
      nowMs,
      drawX,
      deriveX: makeDeriveX(await mysql.idempotencySecret(database)),
    }),
    inbox: createInbox({
      ...{ submit, drawX, nowMs, has: catalogue.has },
      findOrderByReference: (reference) => mysql.findOrderByReference(database, reference),
      insertWaitingEvent: (command, nextTryAtMs) =>
        mysql.insertWaitingEvent(database, command, nextTryAtMs),
      webhookWaitMs: config.WEBHOOK_WAIT_MS,
      releaseOnFailure: config.ON_PAYMENT_FAILED === 'release',
      restockOnRefund: config.RESTOCK_ON_REFUND,
    }),
    findHold: (holdId) => mysql.findHold(database, holdId),
    findOrder: (orderId) => mysql.findOrder(database, orderId),
    findCommand: (commandId) => mysql.findCommand(database, commandId),
    listProducts: (page) => mysql.listProducts(database, page),
    readProduct: snapshots.read,
    refreshSnapshots: snapshots.refresh,
    isQueued: (productId, commandId) => isQueued(laneOf(productId), commandId),
    createProduct: (fields, requestId) =>
      mysql.createProduct(database, fields, { x: drawX(nowMs()), requestId }),
    announce: lanes.announce,
    adminToken: config.ADMIN_TOKEN,
    holdTtlS: config.HOLD_TTL_S,
    paymentDueS: config.PAYMENT_DUE_S,
    waitS: config.WAIT_S,
    readClockMs,
    migrationsPending: () => mysql.migrationsPending(database),
    isDraining: () => isDraining,
    canary: canary.status,
    registry: metrics.registry,
  })

  async function isQueued(lane: string, commandId: string): Promise<boolean> {
    try {
      const batchId = await lanes.batchOf(lane, commandId)
      return batchId !== null && (await lanes.hasJob(lane, batchId))
    } catch (error) {
      onFault(error)
      throw new Fault('unavailable')
    }
  }

  const server = await startServer(app, { host: config.HOST, port: config.PORT })

  return {
    port: server.port,
    stop() {
      isDraining = true
      return shutDown({
        server,
        dispatcher,
        async release() {
          for (const stop of [canary.stop, clock.stop, stopListening]) stop()
          producer.disconnect()
          subscriber.disconnect()
          await database.close()
        },
        drainDelayMs: config.DRAIN_DELAY_MS,
        graceMs: config.SHUTDOWN_GRACE_MS,
      })
    },
  }
}

/** An expiry waits until every command accepted before the deadline is in its lane: it must wait long enough. */
function checkTimes(): void {
  const slowestMs = ENQUEUE_MS_MAX + REDIS_COMMAND_MS_MAX + CLOCK_ERROR_MS_MAX
  invariant(EXPIRY_GRACE_MS > slowestMs, 'expiry does not wait for the slowest command', {
    EXPIRY_GRACE_MS,
    slowestMs,
  })
}

/** Refuses to work on tables of another shape, or with lanes laid out otherwise. */
async function checkDatabase(database: mysql.Database, layout: string): Promise<void> {
  const pending = await mysql.migrationsPending(database)
  if (pending.length > 0) throw new Error(`the database lacks migrations: ${pending.join(', ')}`)
  const stands = await mysql.claimLayout(database, layout)
  if (stands !== layout) {
    throw new Error(
      `LANES is ${layout}, but the lanes are laid out as ${stands}: set LANES=${stands}, or drain all lanes first and lay them out anew`,
    )
  }
}

function hear(reply: Reply, canary: Canary, heard: (reply: Reply) => void): void {
  if (!canary.heard(reply)) heard(reply)
}
