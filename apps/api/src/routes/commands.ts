/** What became of a command, for whoever was answered 202. */
import { type Command, parseId } from '@flashlane/core'
import type { StoredCommand } from '@flashlane/db'
import type { Context } from 'hono'
import { present } from '../answer.ts'
import type { Catalogue } from '../catalogue.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { showCommand } from '../openapi/commands.ts'
import { readId } from '../path-id.ts'
import { Fault, problemBody, RETRY_AFTER_S } from '../problem.ts'
import { respond } from '../respond.ts'

export type CommandDeps = {
  readonly catalogue: Pick<Catalogue, 'has'>
  findCommand(commandId: string): Promise<StoredCommand | null>
  /** Whether the command's batch is in Redis. */
  isQueued(productId: number, commandId: string): Promise<boolean>
  /** What MySQL tells must be what the client reads next. */
  refreshSnapshots(productIds: ReadonlySet<number>): Promise<void>
}

export function addCommandRoutes(app: App, deps: CommandDeps): void {
  async function show(c: Context): Promise<Response> {
    const { id: commandId, productId } = await readId(c, 'cmd', deps.catalogue)
    const stored = await deps.findCommand(commandId)
    if (stored) return respondApplied(c, commandId, stored)
    if (await isQueued(productId, commandId)) {
      return respond(
        c,
        200,
        { command_id: commandId, status: 'queued' },
        { 'retry-after': RETRY_AFTER_S },
      )
    }
    // It may have been applied between the two questions.
    const applied = await deps.findCommand(commandId)
    if (!applied) throw new Fault('command_unknown')
    return respondApplied(c, commandId, applied)
  }

  async function isQueued(productId: number, commandId: string): Promise<boolean> {
    try {
      return await deps.isQueued(productId, commandId)
    } catch {
      throw new Fault('unavailable', 'Redis does not answer, and MySQL does not know the command')
    }
  }

  async function respondApplied(
    c: Context,
    commandId: string,
    stored: StoredCommand,
  ): Promise<Response> {
    const productId = parseId(commandId)?.productId
    if (productId !== undefined) await deps.refreshSnapshots(new Set([productId]))
    const { outcome, acceptedAtMs, appliedAtMs } = stored
    const type = stored.type as Command['type']
    const presented = present({ type, commandId }, outcome)
    return respond(c, 200, {
      command_id: commandId,
      type,
      status: 'applied',
      outcome: outcome.outcome,
      ...(presented.kind === 'result'
        ? { http_status: presented.status, result: presented.body }
        : {
            http_status: presented.problem.status,
            problem: problemBody(presented.problem, c.req.path),
          }),
      ...(acceptedAtMs === null ? {} : { accepted_at: new Date(acceptedAtMs).toISOString() }),
      applied_at: new Date(appliedAtMs).toISOString(),
    })
  }

  addRoute(app, showCommand, show)
}
