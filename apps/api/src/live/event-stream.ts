/**
 * Server-sent events. Hono's own helper writes whatever it is given into a queue without end; here a stream asks its
 * source for the next event only when the client has taken the one before, so that a slow reader gets fewer of them.
 */
import type { Context } from 'hono'
import type { Timer, Timers } from '../dispatch/timers.ts'
import { Fault } from '../problem.ts'
import { requestIdOf, respondText } from '../respond.ts'
import { SECURITY_HEADERS } from '../security-headers.ts'

const HEARTBEAT_MS = 15_000
/** Heartbeats that a client may fail to take before it counts as gone. */
const MISSED_MAX = 2
/** Clients that were parted together had better not come back together. */
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 3_000

export type Event = { readonly event: string; readonly id?: string; readonly data: object }

export type Source = {
  /** The next event, if there is one now. */
  next(): Event | null
  /** Whether nothing comes any more. */
  isOver?(): boolean
  closed(): void
}

export type Wake = () => void

type EventStreamsDeps = {
  readonly timers: Timers
  readonly streamsMax: number
  /** At least 0, less than 1. */
  random(): number
}

export type EventStreams = ReturnType<typeof createEventStreams>

const HEADERS = {
  ...SECURITY_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
}

const encoder = new TextEncoder()

export function createEventStreams({ timers, streamsMax, random }: EventStreamsDeps) {
  const ends = new Set<() => void>()
  let isEnded = false

  /** `connect` is given what to call whenever there may be something new. */
  function open(c: Context, connect: (wake: Wake) => Source): Response {
    // Nobody would read the body, nor end it.
    if (c.req.method === 'HEAD') return respondText(c, 200, null, { ...HEADERS })
    if (isEnded) throw new Fault('unavailable', 'this process is shutting down')
    if (ends.size >= streamsMax) throw new Fault('busy')
    const env = c.env as { outgoing?: { destroy(): void } } | undefined
    const body = makeBody({
      timers,
      retryMs: Math.floor(RETRY_MS_MIN + random() * (RETRY_MS_MAX - RETRY_MS_MIN)),
      connect,
      opened: (end) => void ends.add(end),
      closed: (end) => void ends.delete(end),
      drop: () => env?.outgoing?.destroy(),
    })
    const headers = { ...HEADERS, 'x-request-id': requestIdOf(c) }
    return new Response(body, { status: 200, headers })
  }

  return {
    open,
    count: (): number => ends.size,
    /** Ends all streams after the event in hand, and takes no more. */
    end(): void {
      isEnded = true
      for (const end of ends) end()
    },
  }
}

type BodyDeps = {
  readonly timers: Timers
  readonly retryMs: number
  connect(wake: Wake): Source
  opened(end: () => void): void
  closed(end: () => void): void
  drop(): void
}

function makeBody(deps: BodyDeps): ReadableStream<Uint8Array> {
  const { timers } = deps
  let controller: ReadableStreamDefaultController<Uint8Array>
  let isClosed = false
  let missed = 0
  let timer: Timer

  function close(): void {
    if (isClosed) return
    isClosed = true
    timers.clear(timer)
    deps.closed(end)
    source.closed()
  }

  function end(): void {
    if (isClosed) return
    controller.close()
    close()
  }

  /** Room for one: the rest of the way, Node's and the kernel's buffers are bounded too. */
  const hasRoom = (): boolean => !isClosed && (controller.desiredSize ?? 0) > 0

  function wake(): void {
    while (hasRoom()) {
      const event = source.next()
      if (event) controller.enqueue(encoder.encode(format(event)))
      else if (source.isOver?.()) end()
      if (!event) return
    }
  }

  function beat(): void {
    timer = timers.set(beat, HEARTBEAT_MS)
    if (hasRoom()) {
      missed = 0
      controller.enqueue(encoder.encode(':\n\n'))
    } else if (++missed > MISSED_MAX) {
      deps.drop()
      close()
    }
  }

  const body = new ReadableStream<Uint8Array>({
    start(started) {
      controller = started
      started.enqueue(encoder.encode(`retry: ${deps.retryMs}\n\n`))
    },
    pull: () => wake(),
    cancel: () => close(),
  })
  deps.opened(end)
  timer = timers.set(beat, HEARTBEAT_MS)
  const source = deps.connect(wake)
  return body
}

const format = ({ event, id, data }: Event): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
