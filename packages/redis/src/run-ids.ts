/**
 * Which run of a Redis server answers: part of every snapshot, so that a server that came back with older data, or
 * took over from another, serves none of it.
 */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { eachServer, type RedisClient, serverOf } from './servers.ts'

export type RunIds = {
  /** Of the server that keeps this key; null while it is not known. */
  known(key: string): string | null
  /** The same, asked for if need be: once for each connection. */
  ask(key: string): Promise<string>
}

export function createRunIds(redis: RedisClient, onFault: (error: unknown) => void): RunIds {
  const known = new WeakMap<Redis, string>()
  const asked = new WeakMap<Redis, Promise<string>>()

  function ask(server: Redis): Promise<string> {
    const pending = asked.get(server)
    if (pending) return pending
    const asking = askRunId(server).then(
      (runId) => {
        // Of a connection that was lost meanwhile it says nothing.
        if (asked.get(server) === asking) known.set(server, runId)
        return runId
      },
      (error: unknown) => {
        if (asked.get(server) === asking) asked.delete(server)
        throw error
      },
    )
    asked.set(server, asking)
    return asking
  }

  eachServer(redis, (server) => {
    const learn = () => void ask(server).catch(onFault)
    server.on('ready', learn)
    server.on('close', () => {
      known.delete(server)
      asked.delete(server)
    })
    if (server.status === 'ready') learn()
  })

  return {
    known(key) {
      const server = serverOf(redis, key)
      return (server && known.get(server)) ?? null
    },
    async ask(key) {
      const server = serverOf(redis, key)
      if (!server) throw new Error('no server of the Redis Cluster is known to serve this')
      return ask(server)
    },
  }
}

async function askRunId(server: Redis): Promise<string> {
  const info = await server.info('server')
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? createHash('sha1').update(info).digest('hex')
}
