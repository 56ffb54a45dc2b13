/** The lanes that this process works: for each a BullMQ worker that takes one job at a time. The only file that opens queues. */
import { type Batch, queueName } from '@flashlane/core'
import { eachServer, type RedisClient, serverOf } from '@flashlane/redis'
import { type Job, Queue, Worker } from 'bullmq'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@flashlane/log'
import { createLane, type Lane } from './lane.ts'
import { lookAt, lotsOf, type Seen } from './look.ts'
import type { Metrics } from './metrics.ts'
import { makeProcessor } from './processor.ts'
import type { TraceJob } from './tracing.ts'
import type { UntilDone } from './until-done.ts'

/** Renewed at half of it, so it must outlast the stalls of an event loop. A killed worker's job waits for its end. */
const LOCK_MS = 1_800
/**
 * How often any worker of a lane looks for jobs whose lock has ended. It moves what it finds only if an earlier look saw
 * it, and the dead worker's last look counts: three of these keep a lane waiting for less than 3 s.
 */
const STALLED_CHECK_MS = 850
/** A look in the very millisecond in which the last one's time is over does nothing, and the next is a whole time away. */
const LOOK_EACH_MS = STALLED_CHECK_MS + 5
/** How long a worker sleeps at an empty lane before it asks by itself. Whatever it should have been woken for, a look finds. */
const DRAIN_DELAY_S = 10
const RUN_RETRY_MS = 250
const STALLED_COUNT_MAX = 1_000_000
const EVENTS_KEPT = 100
const PUT_BACK_MS_MAX = 1_000

/** Told to whoever asks which worker has a batch in hand. */
const OWN_NAME = `${hostname()}:${process.pid}`

/** Goes with the queues' own settings when a server of Redis loses its data; while it is there, so are they. Each worker's own: another has other lanes open. */
const MARKER = 'lanes-set'
const MARKER_S = 3_600

export type Lanes = {
  open(name: string): Lane
  get(name: string): Lane | undefined
  /** Of the lanes that are open. */
  names(): readonly string[]
  /** Sets every lane's global concurrency again where Redis has lost it. */
  reassert(): Promise<void>
  close(): Promise<void>
}

type Deps = {
  readonly redis: RedisClient
  readonly nowMs: () => number
  readonly handle: (lane: Lane, batch: Batch, signal: AbortSignal) => Promise<void>
  readonly bury: (job: Job<unknown>, error: string) => Promise<void>
  readonly untilDone: UntilDone
  readonly metrics: Pick<Metrics, 'stalled' | 'lockLost' | 'putBack'>
  readonly traceJob?: TraceJob | undefined
  readonly log: Logger
  readonly onFault: (error: unknown) => void
  readonly signal: AbortSignal
}

/** When shutdown waits no longer, and what was in hand has had its time to be put back. */
const leaveAfter = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort')
  await sleep(PUT_BACK_MS_MAX)
}

type Opened = {
  readonly lane: Lane
  readonly queue: Queue
  readonly worker: Worker
  /** The job that lay there at the last look, with nobody at work. */
  leftLying: string | null
}

export function createLanes(deps: Deps): Lanes {
  const { redis, onFault } = deps
  const lanes = new Map<string, Opened>()
  const id = randomUUID()
  const closing = new AbortController()
  const unanswered = new Set<Opened>()
  const limitAll = () => {
    if (closing.signal.aborted) return
    for (const { queue } of lanes.values()) limit(redis, queue).catch(onFault)
  }
  eachServer(redis, (server) => server.on('ready', limitAll))

  /** Never rejects. Lanes whose last look has no answer yet are left out: their server of a Cluster may be gone. */
  async function look(found: (opened: Opened, seen: Seen) => Promise<void>): Promise<void> {
    const lookAtLot = async (lot: readonly Opened[]) => {
      const seen = await lookAt(redis, lot, deps.nowMs())
      await Promise.all(seen.map(([opened, each]) => found(opened, each)))
    }
    const free = [...lanes.values()].filter((opened) => !unanswered.has(opened))
    await Promise.all(
      lotsOf(redis, free).map((lot) => {
        for (const opened of lot) unanswered.add(opened)
        return lookAtLot(lot)
          .catch(onFault)
          .finally(() => lot.forEach((opened) => unanswered.delete(opened)))
      }),
    )
  }

  async function lookOnAndOn(): Promise<void> {
    const pause = () => sleep(LOOK_EACH_MS, null, { ref: false })
    while (!closing.signal.aborted) {
      await Promise.race([look((opened, seen) => followUp(deps, opened, seen)), pause()])
      await pause()
    }
  }
  void lookOnAndOn()

  /** Of one server: each of a Cluster's may lose its data alone. */
  async function reassertTogether(own: readonly Opened[]): Promise<void> {
    const marker = `${own[0]?.queue.name}:${MARKER}:${id}`
    if ((await redis.exists(marker)) === 1) return
    await Promise.all(own.map(({ queue }) => limit(redis, queue)))
    await redis.set(marker, '1', 'EX', MARKER_S)
  }

  return {
    open(name) {
      const known = lanes.get(name)
      if (known) return known.lane
      const opened = openLane(deps, name)
      lanes.set(name, opened)
      return opened.lane
    },
    get: (name) => lanes.get(name)?.lane,
    names: () => [...lanes.keys()],
    async reassert() {
      const byServer = Map.groupBy(lanes.values(), ({ queue }) => serverOf(redis, queue.name))
      await Promise.all([...byServer.values()].map(reassertTogether))
    },
    async close() {
      closing.abort()
      const closed = Promise.all(Array.from(lanes.values(), ({ worker }) => worker.close()))
        // Whoever else works these lanes sleeps: a closing worker wakes nobody for what it leaves.
        .then(() => look(() => Promise.resolve()))
      // A blocking connection that lost its server of a Cluster may never end; by then its batch is put back.
      await Promise.race([closed, leaveAfter(deps.signal)])
      await Promise.all(Array.from(lanes.values(), ({ queue }) => queue.close()))
    },
  }
}

function openLane(deps: Deps, name: string): Opened {
  const { redis, metrics, traceJob, onFault } = deps
  const streams = { events: { maxLen: EVENTS_KEPT } }
  const queue = new Queue(queueName(name), {
    connection: redis,
    skipVersionCheck: true,
    streams,
  })
  const lane = createLane(deps, name, queue)
  const work = makeProcessor({
    ...deps,
    queue,
    handle: (batch, signal) => deps.handle(lane, batch, signal),
  })
  // BullMQ gives a signal to whoever has a parameter for it.
  const processor: typeof work = traceJob
    ? (job, token, signal) => traceJob(name, job, () => work(job, token, signal))
    : work
  const worker = new Worker(queueName(name), processor, {
    connection: redis,
    name: OWN_NAME,
    autorun: false,
    concurrency: 1,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    // Looked for in all lanes at once.
    skipStalledCheck: true,
    maxStalledCount: STALLED_COUNT_MAX,
    drainDelay: DRAIN_DELAY_S,
    runRetryDelay: RUN_RETRY_MS,
    skipVersionCheck: true,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  })
  queue.on('error', onFault)
  worker.on('error', onFault)
  worker.on('lockRenewalFailed', (ids) => {
    metrics.lockLost(ids.length)
    for (const id of ids) worker.cancelJob(id, 'its lock was lost')
  })
  run(deps, queue, worker).catch(onFault)
  return { lane, queue, worker, leftLying: null }
}

/** What was seen at a lane is set right: a job whose worker died goes back, and who sleeps beside one is woken. */
async function followUp(deps: Deps, opened: Opened, { isInHand, leftLying }: Seen): Promise<void> {
  const { backend } = opened.worker
  const wasThere = leftLying !== null && leftLying === opened.leftLying
  opened.leftLying = leftLying
  // Its marker was put a look ago: the connection that waits for one fell silent. BullMQ opens the next.
  if (wasThere) backend.disconnectBlocking(false).catch(deps.onFault)
  if (!isInHand) return
  const stalled = await backend.moveStalledJobsToWait()
  deps.metrics.stalled(stalled.length)
}

/** What BullMQ keeps beside the queue itself: one job at a time, and few events. */
async function limit(redis: RedisClient, queue: Queue): Promise<void> {
  await queue.setGlobalConcurrency(1)
  await redis.hset(queue.toKey('meta'), 'opts.maxLenEvents', EVENTS_KEPT)
}

/** Limited before it runs: the bound counts from the first job. A Redis that takes no writes just now is waited for. */
const run = ({ redis, untilDone, signal }: Deps, queue: Queue, worker: Worker): Promise<void> =>
  untilDone(
    async () => {
      if (worker.closing) return
      await limit(redis, queue)
      if (!worker.closing) await worker.run()
    },
    { signal, what: queue.name },
  )
