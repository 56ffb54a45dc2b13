/** What is known of a command, and how clients are shown it. */
import { type Command, parseId } from '@flashlane/core'
import type { StoredCommand } from '@flashlane/db'
import { present } from '../answer.ts'
import { Fault, problemBody } from '../problem.ts'
import { type Standing, standingView } from './standings.ts'

export type Status =
  | { readonly kind: 'applied'; readonly stored: StoredCommand }
  | { readonly kind: 'queued'; readonly batchId: string }

export type CommandStatusDeps = {
  findCommand(commandId: string): Promise<StoredCommand | null>
  /** The command's batch, while it is in Redis. */
  queuedBatch(productId: number, commandId: string): Promise<string | null>
  /** What MySQL tells must be what the client reads next. */
  refreshSnapshots(productIds: ReadonlySet<number>): Promise<void>
}

export function createCommandStatus(deps: CommandStatusDeps) {
  async function findApplied(commandId: string): Promise<StoredCommand | null> {
    const stored = await deps.findCommand(commandId)
    const productId = parseId(commandId)?.productId
    if (stored && productId !== undefined) await deps.refreshSnapshots(new Set([productId]))
    return stored
  }

  async function queuedBatch(productId: number, commandId: string): Promise<string | null> {
    try {
      return await deps.queuedBatch(productId, commandId)
    } catch {
      throw new Fault('unavailable', 'Redis does not answer, and MySQL does not know the command')
    }
  }

  return {
    findApplied,

    async read(productId: number, commandId: string): Promise<Status> {
      const stored = await findApplied(commandId)
      if (stored) return { kind: 'applied', stored }
      const batchId = await queuedBatch(productId, commandId)
      if (batchId !== null) return { kind: 'queued', batchId }
      // It may have been applied between the two questions.
      const applied = await findApplied(commandId)
      if (!applied) throw new Fault('command_unknown')
      return { kind: 'applied', stored: applied }
    },
  }
}

export const queuedView = (commandId: string, standing: Standing | null) => ({
  command_id: commandId,
  status: 'queued',
  ...standingView(standing),
})

/** `path` is where it was asked for: a problem names it. */
export function appliedView(commandId: string, stored: StoredCommand, path: string) {
  const { outcome, acceptedAtMs, appliedAtMs } = stored
  const type = stored.type as Command['type']
  const presented = present({ type, commandId }, outcome)
  return {
    command_id: commandId,
    type,
    status: 'applied',
    outcome: outcome.outcome,
    ...(presented.kind === 'result'
      ? { http_status: presented.status, result: presented.body }
      : {
          http_status: presented.problem.status,
          problem: problemBody(presented.problem, path),
        }),
    ...(acceptedAtMs === null ? {} : { accepted_at: new Date(acceptedAtMs).toISOString() }),
    applied_at: new Date(appliedAtMs).toISOString(),
  }
}
