/** The way of a command through this process: dispatcher, lanes, replies, and the canary that shows whether it is open. */
import {
  CLOCK_ERROR_MS_MAX,
  ENQUEUE_MS_MAX,
  EXPIRY_GRACE_MS,
  invariant,
  laneOf as laneOfProduct,
  REDIS_COMMAND_MS_MAX,
} from '@flashlane/core'
import type { Failpoints } from '@flashlane/failpoints'
import { startCanary } from './canary.ts'
import { makeDrawX } from './command-head.ts'
import type { Config } from './config.ts'
import { createDispatcher } from './dispatch/dispatcher.ts'
import { realTimers } from './dispatch/timers.ts'
import { createLanes } from './lanes.ts'
import type { Metrics } from './metrics.ts'
import { listenForReplies } from './replies.ts'
import type { Services } from './services.ts'
import { createSnapshots } from './snapshots.ts'
import { createSubscriptions } from './subscriptions.ts'
import type { Tracing } from './tracing.ts'

type Options = {
  readonly config: Config
  readonly services: Services
  readonly metrics: Metrics
  readonly failpoints: Failpoints
  readonly tracing?: Pick<Tracing, 'tracesOf'> | undefined
  onFault(error: unknown): void
}

export type Pipeline = ReturnType<typeof startPipeline>

export function startPipeline(options: Options) {
  const { config, services, metrics, failpoints, tracing, onFault } = options
  checkTimes()
  const { mysql, redis, subscriber, processId } = services
  const { nowMs } = services.clock
  const drawX = makeDrawX()
  const laneOf = (productId: number): string => laneOfProduct(productId, config.LANES)
  const lanes = createLanes(redis, onFault, tracing?.tracesOf)
  const snapshots = createSnapshots({
    redis,
    laneOf,
    findProduct: mysql.findProduct,
    readFrom: (source) => metrics.reads.inc({ source }),
    onFault,
  })
  const dispatcher = createDispatcher({
    async addBatch(lane, batch) {
      failpoints['api.beforeEnqueue']?.()
      const result = await lanes.add(lane, batch)
      failpoints['api.afterEnqueue']?.()
      metrics.added(result, batch)
      return result
    },
    hasJob: lanes.hasJob,
    findBatches(batchIds) {
      metrics.lostReplies.inc(batchIds.length)
      return mysql.findBatches(batchIds)
    },
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
  const canary = startCanary({
    addBatch: lanes.add,
    drawX,
    nowMs,
    monotonicMs: realTimers.monotonicMs,
    processId,
  })
  const subscriptions = createSubscriptions({ redis: subscriber, onFault })
  listenForReplies({
    subscribe: subscriptions.subscribe,
    processId,
    heard(reply) {
      if (canary.heard(reply)) return
      failpoints['api.beforeReply']?.()
      dispatcher.heard(reply)
    },
  })

  return {
    dispatcher,
    lanes,
    snapshots,
    canary,
    subscribe: subscriptions.subscribe,
    laneOf,
    drawX,
    stop(): void {
      dispatcher.stop()
      canary.stop()
      subscriptions.stop()
    },
  }
}

/** An expiry waits until every command accepted before the deadline is in its lane: it must wait long enough. */
function checkTimes(): void {
  const slowestMs = ENQUEUE_MS_MAX + REDIS_COMMAND_MS_MAX + CLOCK_ERROR_MS_MAX
  invariant(EXPIRY_GRACE_MS > slowestMs, 'expiry does not wait for the slowest command', {
    graceMs: EXPIRY_GRACE_MS,
    slowestMs,
  })
}
