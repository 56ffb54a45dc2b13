/** `GET /commands/{id}/events`: where a command stands, and at last what became of it. */
import type { Context } from 'hono'
import type { Catalogue } from '../catalogue.ts'
import type { Timer, Timers } from '../dispatch/timers.ts'
import { headerOf } from '../incoming.ts'
import { readId } from '../path-id.ts'
import { respondText } from '../respond.ts'
import { appliedView, type createCommandStatus, queuedView } from './command-status.ts'
import type { CommandWaits } from './command-waits.ts'
import type { Event, EventStreams, Source, Wake } from './event-stream.ts'
import type { StandingOf } from './standings.ts'

const STANDING_EACH_MS = 1_000
/** The id of the last event: whoever comes back with it has all there is. */
const LAST_ID = 'applied'

type CommandEventsDeps = {
  readonly catalogue: Pick<Catalogue, 'has'>
  readonly status: ReturnType<typeof createCommandStatus>
  readonly waits: CommandWaits
  readonly standingOf: StandingOf
  readonly streams: Pick<EventStreams, 'open'>
  readonly timers: Timers
}

export function makeCommandEvents(deps: CommandEventsDeps) {
  const { catalogue, status, waits, standingOf, streams, timers } = deps

  return async (c: Context): Promise<Response> => {
    const { id: commandId, productId } = await readId(c, 'cmd', catalogue)
    // An EventSource asks again when its stream has ended; this is how it is told to stop.
    if (headerOf(c, 'last-event-id') === LAST_ID) return respondText(c, 204, null, {})
    const found = await status.read(productId, commandId)
    const path = c.req.path.replace(/\/events$/, '')
    if (found.kind === 'applied') {
      return streams.open(c, () => only(appliedEvent(appliedView(commandId, found.stored, path))))
    }
    const { batchId } = found
    const first = queuedView(commandId, await standingOf(productId, batchId))
    return streams.open(c, (wake) => follow({ productId, commandId, batchId, path, first }, wake))
  }

  type Followed = {
    readonly productId: number
    readonly commandId: string
    readonly batchId: string
    readonly path: string
    readonly first: object
  }

  function follow(followed: Followed, wake: Wake): Source {
    const { productId, commandId, batchId, path, first } = followed
    let pending: Event | null = { event: 'queued', data: first }
    let shown = JSON.stringify(first)
    let isOver = false
    let timer: Timer = timers.set(look, STANDING_EACH_MS)
    const leave = waits.wait({ productId, commandId }, (told) => {
      timers.clear(timer)
      isOver = true
      pending =
        told.kind === 'applied'
          ? appliedEvent(appliedView(commandId, told.stored, path))
          : { event: 'unknown', id: LAST_ID, data: { command_id: commandId, status: 'unknown' } }
      wake()
    })

    function look(): void {
      void standingOf(productId, batchId).then((standing) => {
        if (isOver) return
        timer = timers.set(look, STANDING_EACH_MS)
        const data = queuedView(commandId, standing)
        const text = JSON.stringify(data)
        // Redis that does not answer says nothing of where the command stands.
        if (standing === null || text === shown) return
        shown = text
        pending = { event: 'queued', data }
        wake()
      })
    }

    return {
      next() {
        const event = pending
        pending = null
        return event
      },
      isOver: () => isOver,
      closed() {
        isOver = true
        timers.clear(timer)
        leave()
      },
    }
  }
}

const appliedEvent = (data: object): Event => ({ event: 'applied', id: LAST_ID, data })

function only(event: Event): Source {
  let pending: Event | null = event
  return {
    next() {
      const next = pending
      pending = null
      return next
    },
    isOver: () => true,
    closed: () => {},
  }
}
