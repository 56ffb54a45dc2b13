/** The Redis server: queues, and channels on which those who listen just now are told. */
import type { Process } from '../process.ts'
import { createServer, stop, wake } from '../wire.ts'
import type { World } from '../world.ts'
import { copyQueue, createQueue, type Queue } from './queue.ts'

export type RedisServer = ReturnType<typeof createRedisServer>

type Listener = { readonly process: Process; readonly hear: (message: string) => void }

export function createRedisServer(world: World) {
  const { schedule, random } = world
  const server = createServer('redis')
  let queues = new Map<string, Queue>()
  /** Workers that sleep until there is something to take. */
  const sleeping = new Map<string, Set<() => void>>()
  const listeners = new Map<string, Set<Listener>>()
  /** When data or settings were lost, or came back: what rests on Redis alone counts between them only. */
  const losses: number[] = []
  let saved: Map<string, Queue> | null = null
  let markers = new Set<string>()

  return {
    server,
    losses,
    queue(lane: string): Queue {
      const known = queues.get(lane)
      if (known) return known
      const fresh = createQueue()
      queues.set(lane, fresh)
      return fresh
    },
    queues: (): ReadonlyMap<string, Queue> => queues,
    markers: (): Set<string> => markers,

    /** `wakeUp` is called once there may be something; what is returned ends the sleep unasked. */
    sleep(lane: string, wakeUp: () => void): () => void {
      const others = sleeping.get(lane) ?? new Set()
      sleeping.set(lane, others.add(wakeUp))
      return () => others.delete(wakeUp)
    },
    stir(lane: string): void {
      const others = sleeping.get(lane)
      const first = others?.values().next().value
      if (!others || !first) return
      others.delete(first)
      first()
    },

    listen(channel: string, process: Process, hear: (message: string) => void): void {
      const others = listeners.get(channel) ?? new Set()
      listeners.set(channel, others.add({ process, hear }))
    },
    /** Whoever does not hear it just then never will. */
    publish(channel: string, message: string): void {
      for (const { process, hear } of listeners.get(channel) ?? []) {
        if (random.chance(server.network.loss)) continue
        schedule.after(random.between(...server.network.latencyMs), () =>
          process.deliver(() => hear(message)),
        )
      }
    },

    crash: (): void => stop(world, server),
    freeze(): void {
      if (server.state === 'up') server.state = 'frozen'
    },
    /** It comes back as it was. */
    heal(): void {
      if (server.state === 'down') server.state = 'up'
      wake(world, server)
      server.network.loss = 0
      server.network.slowness = 0
    },
    /** Its queues forget that one job at a time is the rule. */
    unlimit(): void {
      losses.push(schedule.nowMs())
      for (const queue of queues.values()) queue.concurrency = Number.POSITIVE_INFINITY
    },
    limit(): void {
      losses.push(schedule.nowMs())
      for (const queue of queues.values()) queue.concurrency = 1
    },
    lose(): void {
      losses.push(schedule.nowMs())
      queues = new Map()
      markers = new Set()
    },
    save(): void {
      saved = new Map([...queues].map(([name, queue]) => [name, copyQueue(queue)]))
    },
    /** It comes back with less than it had, and with some that was done. */
    restore(): void {
      if (!saved) return
      losses.push(schedule.nowMs())
      queues = new Map([...saved].map(([name, queue]) => [name, copyQueue(queue)]))
    },
  }
}
