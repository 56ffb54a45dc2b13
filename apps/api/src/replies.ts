/** Hears what became of this process's batches. Replies may get lost: the journal tells the same, later. */
import { type Reply, replyChannel } from '@flashlane/core'
import type { Subscribe } from './subscriptions.ts'

type RepliesDeps = {
  readonly subscribe: Subscribe
  readonly processId: string
  heard(reply: Reply): void
}

export function listenForReplies({ subscribe, processId, heard }: RepliesDeps): void {
  subscribe(replyChannel(processId), { heard: (message) => heard(JSON.parse(message) as Reply) })
}
