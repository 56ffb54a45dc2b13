/** An api process: the product's dispatcher and inbox, over the simulated Redis and database. */
import { createDispatcher } from '@flashlane/api/dispatch/dispatcher.ts'
import type { Timers } from '@flashlane/api/dispatch/timers.ts'
import { createInbox } from '@flashlane/api/inbox.ts'
import type { Batch, Layout, RecordPayment, Reply } from '@flashlane/core'
import { laneOf, replyChannel, WEBHOOK_WAIT_MS_DEFAULT } from '@flashlane/core'
import { makeQueries } from './mysql/queries.ts'
import type { MysqlServer } from './mysql/server.ts'
import { createProcess, type Process } from './process.ts'
import { makeApiLanes } from './redis/lanes.ts'
import type { RedisServer } from './redis/server.ts'
import type { World } from './world.ts'

/** A reading of the database's clock may be off by so much, either way. */
const CLOCK_ERROR_MS = 200
const ANSWER_MS_MAX = 3_000
const DRAIN_MS = 2_000
/** How much slower the buffers' clock runs where commands may wait in them. */
const PATIENCE = 20

export type ApiDeps = {
  readonly world: World
  readonly mysql: MysqlServer
  readonly redis: RedisServer
  readonly layout: Layout
  readonly productIds: readonly number[]
  onAdded(batch: Batch): void
  /** Hears of an event that is in the inbox. */
  onKept(event: RecordPayment): void
}

export type ApiProcess = ReturnType<typeof startApi>

export function startApi(deps: ApiDeps, name: string) {
  const { world, mysql, redis, layout, productIds } = deps
  const { schedule, random, trace, mutation } = world
  const process = createProcess(name, schedule)
  const clockErrorMs = random.between(-CLOCK_ERROR_MS, CLOCK_ERROR_MS)
  const nowMs = () => Math.floor(world.databaseMs() + clockErrorMs)
  const asked = makeQueries(world, mysql, process)
  const inTime = <Args extends readonly unknown[], Value>(
    ask: (...args: Args) => Promise<Value>,
  ) => {
    return (...args: Args) => within(process, ANSWER_MS_MAX, ask(...args))
  }
  const lanes = makeApiLanes({ ...deps, process })
  let isClosing = false

  const timers: Timers = {
    set: (run, ms) => process.after(ms, run),
    clear: (timer) => process.cancel(timer as ReturnType<Process['after']>),
    afterTurn: (run) => void process.after(0, run),
    monotonicMs: () => schedule.nowMs() / (mutation === 'no-enqueue-limit' ? PATIENCE : 1),
  }
  const dispatcher = createDispatcher({
    addBatch: lanes.addBatch,
    hasJob: lanes.hasJob,
    findBatches: inTime(asked.findBatches),
    refreshSnapshots: async () => {},
    announce: lanes.announce,
    laneOf: (productId) => laneOf(productId, layout),
    drawBatchId: world.draw,
    nowMs,
    timers,
    processId: name,
    batchMax: random.pick([1, 4, 256]),
    onFault: (error) => trace.add(name, `fault: ${String(error)}`),
  })
  redis.listen(replyChannel(name), process, (message) =>
    dispatcher.heard(JSON.parse(message) as Reply),
  )
  const inbox = createInbox({
    submit: dispatcher.submit,
    has: (productId) => productIds.includes(productId),
    findOrderByReference: inTime(asked.findOrderByReference),
    async insertWaitingEvent(command, nextTryAtMs) {
      const kept = await within(
        process,
        ANSWER_MS_MAX,
        asked.insertWaitingEvent(command, nextTryAtMs),
      )
      deps.onKept(command)
      return kept
    },
    buryReusedKey: async ({ eventKey }) => world.blame(`the key ${eventKey} was used twice`),
    drawX: world.draw,
    nowMs,
    webhookWaitMs: WEBHOOK_WAIT_MS_DEFAULT,
    releaseOnFailure: true,
    restockOnRefund: true,
  })

  return {
    process,
    nowMs,
    dispatcher,
    inbox,
    findCommand: inTime(asked.findCommand),
    sweep: lanes.sweep,
    isClosing: (): boolean => isClosing,
    /** As at SIGTERM: takes no more, flushes, tells everybody what is known, and is gone. */
    stop(): void {
      isClosing = true
      dispatcher.drain()
      process.after(DRAIN_MS, () => {
        dispatcher.giveUp()
        dispatcher.stop()
        process.after(50, process.kill)
      })
    },
  }
}

function within<Value>(process: Process, ms: number, asked: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = process.after(ms, () => reject(new Error(`no answer within ${ms} ms`)))
    asked.then(resolve, reject).finally(() => process.cancel(late))
  })
}
