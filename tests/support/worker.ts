/** A worker's parts inside the test process, so that a test can leave one out. */
import { layout, PARKED_TTL_S_DEFAULT, queueName } from '@flashlane/core'
import type { Database } from '@flashlane/db'
import { createRunIds } from '@flashlane/redis'
import { publish } from '@flashlane/worker/after-commit.ts'
import { createAhead } from '@flashlane/worker/ahead.ts'
import type { Store } from '@flashlane/worker/apply.ts'
import { draw } from '@flashlane/worker/draw.ts'
import { makeHandle } from '@flashlane/worker/handle.ts'
import { createMetrics, type Metrics } from '@flashlane/worker/metrics.ts'
import { createJoint } from '@flashlane/worker/joint.ts'
import { createLanes, type Lanes } from '@flashlane/worker/lanes.ts'
import { askMysql } from '@flashlane/worker/mysql.ts'
import { connectRedis } from '@flashlane/worker/redis.ts'
import { createStore } from '@flashlane/worker/store.ts'
import { createSweeper, type Sweeper } from '@flashlane/worker/sweeper.ts'
import { makeUntilDone } from '@flashlane/worker/until-done.ts'
import { pino } from 'pino'
import { required } from './database.ts'

export type TestWorker = {
  readonly lanes: Lanes
  /** Not started: a test that wants it sweeping says so. */
  readonly sweeper: Sweeper
  readonly metrics: Metrics
  close(): Promise<void>
}

const log = pino({ level: 'silent' })

export function createTestWorker(
  database: Database,
  store: Store = createStore(database, log),
): TestWorker {
  const noFault = () => {}
  const redis = connectRedis(required('REDIS_URL'), { onFault: noFault })
  const mysql = askMysql(database)
  const metrics = createMetrics()
  const runIds = createRunIds(redis, noFault)
  const untilDone = makeUntilDone(log, { onRetry: metrics.retried })
  const perProduct = layout.parse('per-product')
  const handle = makeHandle({
    mysql,
    store,
    ahead: createAhead(store, { onFault: noFault }),
    joint: createJoint(store, { onFault: noFault }),
    publish: (runId, published) => publish(redis, runId, published),
    draw,
    runIdOf: (lane) => runIds.ask(queueName(lane)),
    layout: perProduct,
    untilDone,
    metrics,
    log,
  })
  const lanes = createLanes({
    redis,
    handle,
    nowMs: Date.now,
    bury: () => Promise.reject(new Error('a test made a broken job')),
    untilDone,
    metrics,
    log,
    onFault: noFault,
    signal: new AbortController().signal,
  })
  const sweeper = createSweeper({
    mysql,
    lanes,
    draw,
    layout: perProduct,
    parkedTtlMs: PARKED_TTL_S_DEFAULT * 1_000,
    onUnclaimed: () => {},
    onFault: noFault,
  })
  return {
    lanes,
    sweeper,
    metrics,
    async close() {
      await sweeper.stop()
      await lanes.close()
      await redis.quit()
    },
  }
}
