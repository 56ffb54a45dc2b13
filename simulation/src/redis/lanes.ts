/** The lanes as api and worker know them, over the simulated Redis. */
import type { AddResult } from '@flashlane/api/lanes.ts'
import { type Batch, LANES_CHANNEL, REDIS_COMMAND_MS_MAX, SWEEP_NOTICE } from '@flashlane/core'
import type { Lane } from '@flashlane/worker/lane.ts'
import { commandBatches } from '@flashlane/worker/processor.ts'
import type { Process } from '../process.ts'
import { createWire, type Wire } from '../wire.ts'
import type { World } from '../world.ts'
import { askUntilAnswered } from './bull-worker.ts'
import { add } from './queue.ts'
import type { RedisServer } from './server.ts'

type Deps = {
  readonly world: World
  readonly process: Process
  readonly redis: RedisServer
  /** Hears when a batch is in its lane for the first time. */
  onAdded(batch: Batch): void
}

export function makeApiLanes({ world, process, redis, onAdded }: Deps) {
  const { schedule } = world
  const wire = createWire(world, process, redis.server)

  return {
    /** The producer's connection fails fast, and gives up after a second: what it sent may happen all the same. */
    addBatch: (lane: string, batch: Batch): Promise<AddResult> =>
      new Promise((resolve) => {
        if (redis.server.state === 'down') return resolve('not_sent')
        const data = JSON.stringify(batch)
        const late = process.after(REDIS_COMMAND_MS_MAX, () => resolve('unknown'))
        void wire
          .ask(`add ${batch.batchId}`, () => {
            const isNew = add(
              redis.queue(lane),
              { id: batch.batchId, data, delayMs: 0 },
              schedule.nowMs(),
            )
            if (isNew) onAdded(batch)
            redis.stir(lane)
          })
          .then(
            () => 'acknowledged' as const,
            () => 'unknown' as const,
          )
          .then((result) => {
            process.cancel(late)
            resolve(result)
          })
      }),

    hasJob: (lane: string, batchId: string): Promise<boolean> =>
      wire.ask(`look for ${batchId}`, () => redis.queue(lane).jobs.has(batchId)),

    announce(productId: number): void {
      wire.ask('announce', () => redis.publish(LANES_CHANNEL, String(productId))).catch(() => {})
    },
    sweep(): void {
      wire.ask('sweep', () => redis.publish(LANES_CHANNEL, SWEEP_NOTICE)).catch(() => {})
    },
  }
}

export function makeWorkerLane({ world, process, redis, onAdded }: Deps, name: string): Lane {
  const wire: Wire = createWire(world, process, redis.server)
  const ask = <Value>(what: string, serve: () => Value) =>
    askUntilAnswered({ world, process, wire }, what, serve)

  return {
    name,
    async add({ id, batch, delayMs = 0 }) {
      const data = JSON.stringify(batch)
      await ask(`add ${id}`, () => {
        const isNew = add(redis.queue(name), { id, data, delayMs }, world.schedule.nowMs())
        if (isNew) onAdded(batch)
        redis.stir(name)
      })
    },
    depth: () => ask('depth', () => redis.queue(name).wait.length),
    async next(most) {
      const data = await ask('next', () => {
        const { jobs, wait } = redis.queue(name)
        return wait.slice(0, most).map((id) => jobs.get(id) ?? 'null')
      })
      return commandBatches(data, world.databaseMs())
    },
  }
}
