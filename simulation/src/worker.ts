/** A worker process: the product's own parts, over the simulated database and Redis. */
import { type Batch, type Layout, type Published, replyChannel } from '@flashlane/core'
import type { JournalRow } from '@flashlane/db'
import { makeHandle } from '@flashlane/worker/handle.ts'
import { createAhead } from '@flashlane/worker/ahead.ts'
import { createJoint } from '@flashlane/worker/joint.ts'
import type { Lane } from '@flashlane/worker/lane.ts'
import { makeProcessor } from '@flashlane/worker/processor.ts'
import { makeStore } from '@flashlane/worker/store.ts'
import { createSweeper } from '@flashlane/worker/sweeper.ts'
import { makeUntilDone, type Time } from '@flashlane/worker/until-done.ts'
import { LANES_CHANNEL, SWEEP_NOTICE } from '@flashlane/core'
import { type Job, RateLimitError } from 'bullmq'
import { createTraceLog } from './log.ts'
import { makeOpenBatches } from './mysql/open-batch.ts'
import { makeQueries } from './mysql/queries.ts'
import type { MysqlServer } from './mysql/server.ts'
import { makeWaitingEvents } from './mysql/waiting-events.ts'
import { createProcess, type Process } from './process.ts'
import { runBullWorker } from './redis/bull-worker.ts'
import { makeWorkerLane } from './redis/lanes.ts'
import type { RedisServer } from './redis/server.ts'
import { createWire } from './wire.ts'
import type { World } from './world.ts'

/** Nobody looks at the metrics here. */
const UNCOUNTED = { began: () => () => {}, applied: () => {}, putBack: () => {} }
const SWEEP_MS = 1_000
const FINISH_MS = 700
const NEVER_DEEP = 1_000_000
const PARKED_TTL_MS = 9_000

export type WorkerDeps = {
  readonly world: World
  readonly mysql: MysqlServer
  readonly redis: RedisServer
  readonly layout: Layout
  onCommit(rows: readonly JournalRow[]): void
  onAdded(batch: Batch): void
}

export type WorkerProcess = {
  readonly process: Process
  isClosing(): boolean
  /** Finishes what is in hand, or puts it back, and is gone. */
  stop(): void
}

export function startWorker(deps: WorkerDeps, name: string): WorkerProcess {
  const { world, mysql: server, redis, layout } = deps
  const process = createProcess(name, world.schedule)
  const wire = createWire(world, process, redis.server)
  const log = createTraceLog(world.trace, name)
  const putBack = new AbortController()
  let isClosing = false
  const mysql = {
    ...makeQueries(world, server, process),
    ...makeWaitingEvents(server, process),
    openBatches: makeOpenBatches({ ...deps, mysql: server, process }),
  }
  const time: Time = {
    monotonicMs: world.schedule.nowMs,
    pause: (ms, signal) => pause(process, ms * world.random.between(0.5, 1), signal),
  }
  const untilDone = makeUntilDone(log, { time })
  const onFault = (error: unknown) => world.trace.add(name, `fault: ${String(error)}`)
  const store = makeStore(mysql, log)
  const handle = makeHandle({
    mysql,
    store,
    // Two commands make a lane deep here.
    ahead: createAhead(store, { depthMin: world.random.pick([2, NEVER_DEEP]), onFault }),
    joint: createJoint(store, {
      onFault,
      timers: { after: process.after, afterTurn: (run) => void process.after(0, run) },
      // With so few products hardly two batches would ever meet.
      transactionsMax: world.random.pick([0, 2]),
    }),
    publish: (_runId, published) => wire.ask('publish', () => publish(redis, published)),
    runIdOf: async () => 'run',
    draw: world.draw,
    layout,
    untilDone,
    metrics: UNCOUNTED,
    log,
  })

  const lanes = new Map<string, Lane>()
  function open(lane: string): Lane {
    const known = lanes.get(lane)
    if (known) return known
    const opened = makeWorkerLane({ ...deps, process }, lane)
    lanes.set(lane, opened)
    wire.ask(`limit ${lane}`, () => limit(lane)).catch(onFault)
    const processor = makeProcessor({
      queue: { rateLimit: async () => {} },
      nowMs: world.databaseMs,
      handle: (batch, signal) => handle(opened, mutated(world, batch), signal),
      bury: () => Promise.reject(new Error('nobody makes a broken job')),
      untilDone,
      metrics: UNCOUNTED,
      log,
      signal: putBack.signal,
    })
    runBullWorker({
      world,
      process,
      redis,
      lane,
      processor: (job, token, lockLost) => processor(job as Job<unknown>, token, lockLost),
      isPutBack: (error) => error instanceof RateLimitError,
      isClosing: () => isClosing,
    })
    return opened
  }

  const limit = (lane: string): void => {
    redis.queue(lane).concurrency = 1
  }
  const sweeper = createSweeper({
    mysql,
    lanes: {
      open,
      reassert: () =>
        wire.ask('reassert', () => {
          if (redis.markers().has(name)) return
          for (const lane of lanes.keys()) limit(lane)
          redis.markers().add(name)
        }),
    },
    layout,
    draw: world.draw,
    parkedTtlMs: PARKED_TTL_MS,
    onUnclaimed: ({ event, result }) => world.trace.add(name, `${event.eventKey} is ${result}`),
    onFault,
  })
  redis.listen(LANES_CHANNEL, process, (notice) => {
    const look = notice === SWEEP_NOTICE ? sweeper.sweep : sweeper.openLanes
    look().catch(onFault)
  })
  const tick = (): void => {
    if (isClosing) return
    void sweeper.sweep().then(() => process.after(SWEEP_MS, tick))
  }
  process.after(world.random.between(0, 50), tick)

  return {
    process,
    isClosing: () => isClosing,
    stop() {
      isClosing = true
      process.after(FINISH_MS, () => putBack.abort(new Error('shutting down')))
      process.after(FINISH_MS + 300, process.kill)
    },
  }
}

/** In the order of the product's pipeline: who waits for a batch is told last. */
function publish(redis: RedisServer, { reply }: Published): void {
  if (reply) redis.publish(replyChannel(reply.to), JSON.stringify(reply.message))
}

function pause(process: Process, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      process.cancel(timer)
      reject(signal.reason)
    }
    const timer = process.after(ms, () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
    signal.addEventListener('abort', end, { once: true })
  })
}

const mutated = ({ mutation, databaseMs }: World, batch: Batch): Batch =>
  mutation === 'expiry-by-clock' && batch.kind === 'expiry'
    ? { ...batch, cutoffMs: databaseMs() + NEVER_MS }
    : batch

const NEVER_MS = 3_600_000
