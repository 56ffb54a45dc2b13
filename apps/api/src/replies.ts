/** Hears what became of this process's batches. Replies may get lost: the journal tells the same, later. */
import { type Reply, replyChannel } from '@flashlane/core'
import type { Redis } from 'ioredis'

const PING_EACH_MS = 1_000

type RepliesDeps = {
  readonly redis: Redis
  readonly processId: string
  heard(reply: Reply): void
  onFault(error: unknown): void
}

/** Subscribes again after every reconnect. */
export function listenForReplies({ redis, processId, heard, onFault }: RepliesDeps): () => void {
  const channel = replyChannel(processId)
  const subscribe = () => {
    redis.subscribe(channel).catch(onFault)
  }
  redis.on('ready', subscribe)
  if (redis.status === 'ready') subscribe()
  redis.on('message', (_channel: string, text: string) => {
    try {
      heard(JSON.parse(text) as Reply)
    } catch (error) {
      onFault(error)
    }
  })
  // Nothing is sent over this connection otherwise, so that a dead one would never be found out.
  const timer = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(onFault)
  }, PING_EACH_MS)
  timer.unref()
  return () => clearInterval(timer)
}
