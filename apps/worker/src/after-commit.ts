/** What follows a commit. Every step may be done twice: a redelivered batch does them all again. */
import { afterCommit, type Published } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

export async function publish(
  redis: RedisClient,
  runId: string,
  published: Published,
): Promise<void> {
  await redis.eval(...afterCommit(runId, published))
}
