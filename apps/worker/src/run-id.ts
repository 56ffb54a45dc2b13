/** Which run of the Redis server answers: part of every snapshot's key, so that one that came back with older data serves none of it. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Asks once for each connection. */
export function createRunId(redis: Redis): () => Promise<string> {
  let known: Promise<string> | null = null
  redis.on('close', () => {
    known = null
  })
  return async () => {
    known ??= askRunId(redis)
    try {
      return await known
    } catch (error) {
      known = null
      throw error
    }
  }
}

async function askRunId(redis: Redis): Promise<string> {
  const info = await redis.info('server')
  const runId = /^run_id:(\w+)/m.exec(info)?.[1]
  return runId ?? createHash('sha1').update(info).digest('hex')
}
