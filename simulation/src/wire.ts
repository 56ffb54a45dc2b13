/** The way between a process and a server: it takes time, and may lose a question or an answer with its connection. */
import type { Process } from './process.ts'
import type { World } from './world.ts'

export type Network = {
  /** One way, in ms: between these, and sometimes much longer. */
  latencyMs: readonly [number, number]
  slowness: number
  /** How often a question is lost on its way, and an answer. */
  loss: number
}

export type Server = {
  readonly name: string
  state: 'up' | 'frozen' | 'down'
  /** Raised when it ends: what was asked of the one before is answered by nobody. */
  run: number
  readonly kept: (() => void)[]
  readonly network: Network
}

export const createServer = (name: string): Server => ({
  name,
  state: 'up',
  run: 0,
  kept: [],
  network: { latencyMs: [0.1, 1], slowness: 0, loss: 0 },
})

export class Disconnected extends Error {}

/** Questions arrive in their order, and so do answers. */
export type Wire = {
  ask<Value>(what: string, serve: () => Value | Promise<Value>): Promise<Value>
}

export function createWire(world: World, process: Process, server: Server): Wire {
  const { schedule, random, trace } = world
  let lastThereMs = 0
  let lastBackMs = 0

  const wayMs = (): number => {
    const [min, max] = server.network.latencyMs
    const isSlow = server.network.slowness > 0 && random.chance(server.network.slowness)
    return random.between(min, max) * (isSlow ? random.between(50, 800) : 1)
  }
  /** Not before what was sent earlier. */
  const afterMs = (lastMs: number): number =>
    Math.max(0, Math.max(schedule.nowMs() + wayMs(), lastMs) - schedule.nowMs())

  return {
    ask: (what, serve) =>
      new Promise((resolve, reject) => {
        const tell = (say: () => void): void => {
          const ms = afterMs(lastBackMs)
          lastBackMs = schedule.nowMs() + ms
          schedule.after(ms, () => process.deliver(say))
        }
        const lose = (why: string) =>
          tell(() => {
            trace.add(process.name, `${what}: ${why}`)
            reject(new Disconnected(why))
          })
        const lost = random.chance(server.network.loss) ? random.pick(['question', 'answer']) : null
        const arrive = (): void => {
          if (server.state === 'frozen') return void server.kept.push(arrive)
          if (server.state === 'down') return lose('refused')
          if (lost === 'question') return lose('cut before')
          const { run } = server
          const served = (say: () => void) => {
            if (server.run !== run) lose('ended')
            else if (lost === 'answer') lose('cut after')
            else tell(say)
          }
          let value: ReturnType<typeof serve>
          try {
            value = serve()
          } catch (error) {
            return served(() => reject(error))
          }
          if (!(value instanceof Promise)) return served(() => resolve(value))
          value.then(
            (result) => served(() => resolve(result)),
            (error: unknown) => served(() => reject(error)),
          )
        }
        const ms = afterMs(lastThereMs)
        lastThereMs = schedule.nowMs() + ms
        schedule.after(ms, arrive)
      }),
  }
}

/** It hears what was asked meanwhile, in the order in which that came. */
export function wake(world: World, server: Server): void {
  if (server.state === 'down') return
  server.state = 'up'
  for (const arrive of server.kept.splice(0)) world.schedule.after(0, arrive)
}

export function stop(world: World, server: Server): void {
  server.state = 'down'
  server.run++
  for (const arrive of server.kept.splice(0)) world.schedule.after(0, arrive)
}
