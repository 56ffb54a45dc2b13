/** The database server: sessions over its tables, what happens to them when it or their clients end, and how it is asked. */
import { type Process } from '../process.ts'
import { createServer, createWire, stop, wake, type Server } from '../wire.ts'
import type { World } from '../world.ts'
import { asDriver, connectionLost, silence } from './errors.ts'
import { createLocks } from './locks.ts'
import { createSession, type Session } from './session.ts'
import { createTables, type Tables } from './tables.ts'

/** As the product's pool has it. */
const PACKET_MS_MAX = 10_000
/** How soon the server sees that a client is gone. */
const GONE_MS: readonly [number, number] = [0.1, 40]
const SLEEP_MS_MAX = 2_000

export type Connection = {
  /** One packet, one answer. */
  send<Value>(what: string, serve: (session: Session) => Promise<Value> | Value): Promise<Value>
  isOpen(): boolean
  release(): void
  destroy(): void
}

export type MysqlServer = ReturnType<typeof createMysqlServer>

export function createMysqlServer(world: World) {
  const { schedule, random, trace } = world
  const server: Server = createServer('mysql')
  const tables: Tables = createTables()
  const locks = createLocks(schedule)
  const sessions = new Set<Session>()

  function end(session: Session): void {
    sessions.delete(session)
    session.end()
  }

  /** It finishes the packet in hand, if there is one. */
  function clientIsGone(session: Session): void {
    const look = (): void => {
      if (session.hasEnded()) return
      if (session.isBusy()) schedule.after(random.between(...GONE_MS), look)
      else end(session)
    }
    schedule.after(random.between(...GONE_MS), look)
  }

  function connect(process: Process): Connection {
    const wire = createWire(world, process, server)
    const session = createSession(world, locks, () => sessions)
    sessions.add(session)
    let isOpen = true
    const lookAway = process.onKill(() => clientIsGone(session))

    function destroy(): void {
      if (!isOpen) return
      isOpen = false
      lookAway()
      clientIsGone(session)
    }

    return {
      isOpen: () => isOpen,
      send<Value>(
        what: string,
        serve: (session: Session) => Promise<Value> | Value,
      ): Promise<Value> {
        if (!isOpen) return Promise.reject(connectionLost())
        return new Promise((resolve, reject) => {
          const late = process.after(PACKET_MS_MAX, () => {
            destroy()
            reject(silence())
          })
          wire
            .ask(what, () => session.serve(() => serve(session)))
            .then(
              (value) => {
                process.cancel(late)
                resolve(value)
              },
              (error: unknown) => {
                process.cancel(late)
                const said = asDriver(error)
                trace.add(process.name, `${what}: ${String(said)}`)
                if ((said as { fatal?: boolean }).fatal) destroy()
                reject(said)
              },
            )
        })
      },
      release() {
        if (!isOpen) return
        isOpen = false
        lookAway()
        end(session)
      },
      destroy,
    }
  }

  return {
    server,
    tables,
    connect,

    /** A query, or a short transaction, that is done when it is answered. */
    async ask<Value>(
      process: Process,
      what: string,
      serve: (session: Session) => Promise<Value> | Value,
    ): Promise<Value> {
      const connection = connect(process)
      try {
        return await connection.send(what, async (session) => {
          session.begin()
          const value = await serve(session)
          session.commit()
          return value
        })
      } finally {
        connection.release()
      }
    },

    killSleepers(): number {
      const sleepers = [...sessions].filter((each) => (each.sleepsMs() ?? 0) >= SLEEP_MS_MAX)
      for (const each of sleepers) end(each)
      return sleepers.length
    },

    /** What was committed stays. */
    crash(): void {
      stop(world, server)
      for (const session of sessions) end(session)
    },
    freeze(): void {
      if (server.state === 'up') server.state = 'frozen'
    },
    heal(): void {
      if (server.state === 'down') server.state = 'up'
      wake(world, server)
      server.network.loss = 0
      server.network.slowness = 0
    },
    /** Some connections are cut: their transactions are undone. */
    cutSome(): void {
      for (const session of sessions) if (random.chance(0.5)) end(session)
    },
  }
}
