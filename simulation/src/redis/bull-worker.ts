/** A BullMQ worker of one lane: takes a job at a time, keeps its lock, and looks for jobs that somebody let lie. */
import type { Process } from '../process.ts'
import { createWire, Disconnected, type Wire } from '../wire.ts'
import type { World } from '../world.ts'
import { complete, lookForStalled, nextDueMs, putBack, renew, take, type Taken } from './queue.ts'
import type { RedisServer } from './server.ts'

const RENEW_MS = 1_500
const STALLED_CHECK_MS = 1_000
const DRAIN_DELAY_MS = 1_000
const RECONNECT_MS: readonly [number, number] = [20, 300]

export type Job = { readonly id: string; readonly data: unknown }
export type Processor = (job: Job, token: string, lockLost: AbortSignal) => Promise<void>

type Deps = {
  readonly world: World
  readonly process: Process
  readonly redis: RedisServer
  readonly lane: string
  readonly processor: Processor
  isPutBack(error: unknown): boolean
  isClosing(): boolean
}

/** Asks until there is an answer, as a connection without a limit of retries does: what was asked may happen twice. */
export async function askUntilAnswered<Value>(
  { world, process, wire }: { world: World; process: Process; wire: Wire },
  what: string,
  serve: () => Value,
): Promise<Value> {
  for (;;) {
    try {
      return await wire.ask(what, serve)
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error
      await process.sleep(world.random.between(...RECONNECT_MS))
    }
  }
}

export function runBullWorker(deps: Deps): void {
  const { world, process, redis, lane } = deps
  const { schedule, trace } = world
  const wire = createWire(world, process, redis.server)
  const ask = <Value>(what: string, serve: () => Value) =>
    askUntilAnswered({ world, process, wire }, what, serve)
  let tokens = 0

  async function run(): Promise<void> {
    for (;;) {
      if (deps.isClosing()) return
      const token = `${process.name}.${++tokens}`
      const taken = await ask(`take ${lane}`, () =>
        take(redis.queue(lane), token, schedule.nowMs()),
      )
      if (taken) await work(taken, token)
      else await sleep()
    }
  }

  /** Until a job comes, one comes due, or at most as long as the drain delay. */
  const sleep = (): Promise<void> =>
    new Promise((resolve) => {
      const dueInMs = nextDueMs(redis.queue(lane)) - schedule.nowMs()
      const timer = process.after(Math.max(1, Math.min(DRAIN_DELAY_MS, dueInMs)), () => {
        stayAwake()
        resolve()
      })
      const stayAwake = redis.sleep(lane, () => {
        process.cancel(timer)
        process.deliver(resolve)
      })
    })

  async function work({ id, data }: Taken, token: string): Promise<void> {
    trace.add(process.name, `works ${id} of ${lane}`)
    const held = { id, token }
    const lockLost = new AbortController()
    let isDone = false
    const keep = (): void => {
      process.after(RENEW_MS, () => {
        if (isDone) return
        ask(`renew ${id}`, () => renew(redis.queue(lane), held, schedule.nowMs())).then(
          (isMine) => {
            if (isDone) return
            if (isMine) return keep()
            trace.add(process.name, `has lost ${id}`)
            lockLost.abort(new Error('its lock was lost'))
          },
          rethrow,
        )
      })
    }
    keep()
    const how = await deps.processor({ id, data: JSON.parse(data) }, token, lockLost.signal).then(
      () => 'done',
      (error: unknown) => {
        if (deps.isPutBack(error)) return 'put back'
        world.blame(`the processor threw ${String(error)}, which loses the job ${id}`)
        return 'done'
      },
    )
    isDone = true
    await ask(`${how} ${id}`, () => {
      const queue = redis.queue(lane)
      const nowMs = schedule.nowMs()
      if (how === 'done') complete(queue, held, nowMs)
      else putBack(queue, held, { nowMs, atEnd: world.mutation === 'retry-by-queue' })
      redis.stir(lane)
    })
    // What is put back rests for a moment.
    if (how === 'put back') await process.sleep(world.random.between(10, 100))
  }

  const check = (): void => {
    process.after(STALLED_CHECK_MS, () => {
      if (deps.isClosing()) return
      ask('stalled', () => {
        const times = { nowMs: schedule.nowMs(), eachMs: STALLED_CHECK_MS - 10 }
        if (lookForStalled(redis.queue(lane), times) > 0) redis.stir(lane)
      }).then(check, rethrow)
    })
  }

  run().catch(rethrow)
  check()

  function rethrow(error: unknown): void {
    world.blame(`the simulation itself failed: ${String(error)}`)
  }
}
