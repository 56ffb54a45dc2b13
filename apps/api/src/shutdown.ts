/**
 * SIGTERM: readiness goes red, and each answer ends its connection. After a while, when nobody sends anything new, no
 * connection is taken any more. What was taken is flushed and answered as its outcomes come; at the limit everybody is
 * told what is known.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { Live } from './live/live.ts'
import type { HttpServer } from './server.ts'

/** What is left of the grace for the last answers to be written. */
const LAST_WORDS_MS = 500

export type ShutdownDeps = {
  readonly server: HttpServer
  readonly live: Pick<Live, 'end'>
  readonly dispatcher: Pick<Dispatcher, 'drain' | 'giveUp' | 'stop'>
  /** What the answers stood on: Redis, MySQL, timers. */
  release(): Promise<void>
  readonly drainDelayMs: number
  readonly graceMs: number
}

export async function shutDown(deps: ShutdownDeps): Promise<void> {
  const { server, live, dispatcher, drainDelayMs, graceMs } = deps
  server.windDown()
  await sleep(drainDelayMs)
  server.stopListening()
  // Whoever follows something comes back, and finds another process.
  live.end()
  dispatcher.drain()
  const isClosed = await within(server.closed, graceMs - LAST_WORDS_MS)
  if (!isClosed) {
    dispatcher.giveUp()
    await within(server.closed, LAST_WORDS_MS)
    server.closeAll()
  }
  dispatcher.stop()
  await within(deps.release(), LAST_WORDS_MS)
}

async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const inTime = new AbortController()
  const late = sleep(Math.max(ms, 0), false, { signal: inTime.signal }).catch(() => false)
  const isDone = await Promise.race([promise.then(() => true), late])
  inTime.abort()
  return isDone
}
