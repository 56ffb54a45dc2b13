/** What follows a commit. Every step may be done twice: a redelivered batch does them all again. */
import { commandKey, type Product, type Reply, replyChannel, snapshotWrite } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

export type Published = {
  readonly lane: string
  readonly products: readonly Product[]
  readonly commandIds: readonly string[]
  readonly reply: { readonly to: string; readonly message: Reply } | null
}

/**
 * Snapshots first, then the reply, in one pipeline: who has the answer sees its effect in the next read. Before both go
 * the keys of what is queued no more: who hears of the change, and asks, finds them gone.
 */
export async function publish(
  redis: RedisClient,
  runId: string,
  { lane, products, commandIds, reply }: Published,
): Promise<void> {
  const pipeline = redis.pipeline()
  if (commandIds.length > 0) pipeline.unlink(...commandIds.map((id) => commandKey(lane, id)))
  if (products.length > 0) {
    pipeline.eval(...snapshotWrite({ lane, runId, products, isNews: true }))
  }
  if (reply) pipeline.publish(replyChannel(reply.to), JSON.stringify(reply.message))
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}
