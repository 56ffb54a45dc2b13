/** Leads a poll from a command that is answered 202 to its batch. Those of a batch are told in one turn, and written in one call. */
import { rememberCommands } from '@flashlane/core'
import type { RedisClient } from '@flashlane/redis'

export type Remember = (lane: string, commandId: string, batchId: string) => Promise<void>

export function createRemember(redis: RedisClient): Remember {
  const gathered = new Map<string, { commandIds: string[]; written: Promise<void> }>()

  function gather(lane: string, batchId: string): { commandIds: string[]; written: Promise<void> } {
    const commandIds: string[] = []
    // Behind the others that were told in the same loop, and before this turn ends: at shutdown the next may come too late.
    const written = Promise.resolve().then(async () => {
      gathered.delete(batchId)
      await redis.eval(...rememberCommands(lane, batchId, commandIds))
    })
    return { commandIds, written }
  }

  return (lane, commandId, batchId) => {
    const batch = gathered.get(batchId) ?? gather(lane, batchId)
    gathered.set(batchId, batch)
    batch.commandIds.push(commandId)
    return batch.written
  }
}
