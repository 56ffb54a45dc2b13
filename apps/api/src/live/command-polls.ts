/** `GET /commands/{id}`, which may wait for the outcome. */
import { POLLS_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import { parse } from '../body.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Timers } from '../dispatch/timers.ts'
import { withoutEnvelope } from '../envelope.ts'
import { waitQuery } from '../openapi/commands.ts'
import { readId } from '../path-id.ts'
import { Fault, RETRY_AFTER_S } from '../problem.ts'
import { respond } from '../respond.ts'
import { appliedView, type createCommandStatus, queuedView } from './command-status.ts'
import type { CommandWaits, Told } from './command-waits.ts'
import type { StandingOf } from './standings.ts'

type CommandPollsDeps = {
  readonly catalogue: Pick<Catalogue, 'has'>
  readonly status: ReturnType<typeof createCommandStatus>
  readonly waits: CommandWaits
  readonly standingOf: StandingOf
  readonly timers: Timers
}

export function createCommandPolls({
  catalogue,
  status,
  waits,
  standingOf,
  timers,
}: CommandPollsDeps) {
  const ends = new Set<() => void>()
  let isEnded = false

  async function show(c: Context): Promise<Response> {
    const { id: commandId, productId } = await readId(c, 'cmd', catalogue)
    const { wait } = parse(waitQuery, withoutEnvelope(c.req.query()))
    const first = await status.read(productId, commandId)
    // Too many wait already: this one may come again, as without a wait.
    const mayWait = wait > 0 && !isEnded && ends.size < POLLS_MAX
    const told =
      first.kind === 'queued' && mayWait
        ? await outcome({ productId, commandId }, wait * 1_000, c.req.raw.signal)
        : first
    if (told?.kind === 'unknown') throw new Fault('command_unknown')
    const found = told ?? (await status.read(productId, commandId))
    if (found.kind === 'applied') {
      return respond(c, 200, appliedView(commandId, found.stored, c.req.path))
    }
    const standing = await standingOf(productId, found.batchId)
    return respond(c, 200, queuedView(commandId, standing), { 'retry-after': RETRY_AFTER_S })
  }

  /** Null where the wait is over, the client is gone or the process ends. */
  function outcome(
    asked: { productId: number; commandId: string },
    waitMs: number,
    gone: AbortSignal,
  ): Promise<Told | null> {
    return new Promise((resolve) => {
      const finish = (told: Told | null) => {
        leave()
        timers.clear(timer)
        ends.delete(end)
        gone.removeEventListener('abort', end)
        resolve(told)
      }
      const end = () => finish(null)
      const leave = waits.wait(asked, finish)
      const timer = timers.set(end, waitMs)
      ends.add(end)
      gone.addEventListener('abort', end)
    })
  }

  return {
    show,
    count: (): number => ends.size,
    /** Answers all who wait, with what is known, and lets nobody wait any more. */
    end(): void {
      isEnded = true
      for (const end of ends) end()
    },
  }
}
