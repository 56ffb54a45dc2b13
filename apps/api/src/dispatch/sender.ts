/**
 * Sends the lanes' buffers in batches, the lanes in turn. An idle lane sends at once; while a batch is in flight, commands
 * gather for the next, which goes when it is nearly as large, and waits behind it. What is in flight is limited, but the
 * buffers are not the queue: past those limits goes what has waited for half of the time within which a command must reach
 * Redis, and soon what somebody wants a 202 for.
 */
import {
  BATCH_BYTES_MAX,
  BATCH_FORMAT,
  type CommandBatch,
  ENQUEUE_MS_MAX,
  LANE_BATCHES_MAX,
  PROCESS_BATCHES_MAX,
  REDIS_COMMAND_MS_MAX,
} from '@flashlane/core'
import type { AddResult } from '../lanes.ts'
import type { DispatcherDeps } from './dispatcher.ts'
import type { InFlight, InFlights } from './in-flight.ts'
import type { Lane } from './lane.ts'
import type { Waiters } from './waiter.ts'

/** How often buffers that may not send are looked at again. */
const TICK_MS = 10
/** How long commands that somebody wants a 202 for gather, where what is in flight would keep them. */
const DUE_GATHER_MS = TICK_MS
/** Of what is in flight: how much must wait for a second batch to go. */
const SECOND_SHARE_MIN = 0.75
/** Fewer commands than this, waiting and in flight, are not worth two batches. */
const HALVED_MIN = 32
/** A lane that was not heard of for so long may have nobody who works it; a batch, a reply that was lost. */
export const QUIET_MS = 1_000

type SenderDeps = Pick<
  DispatcherDeps,
  'addBatch' | 'announce' | 'drawBatchId' | 'nowMs' | 'timers' | 'processId' | 'batchMax'
> & {
  readonly inFlights: InFlights
  readonly waiters: Waiters
  /** Called with everything that is sent: somebody must look whether its reply comes. */
  watch(): void
}

export function createSender(deps: SenderDeps) {
  const { timers, inFlights, waiters } = deps
  /** Lanes that may have something to send, in turn: whoever has sent goes to the end. */
  const hungry = new Set<Lane>()
  let isDraining = false
  let isFlushing = false
  let isTicking = false

  function wake(lane: Lane): void {
    hungry.add(lane)
    if (isFlushing) return
    isFlushing = true
    timers.afterTurn(flush)
  }

  function flush(): void {
    isFlushing = false
    const nowMs = timers.monotonicMs()
    for (const lane of hungry) {
      // Two adds of a lane at once could change places.
      if (lane.isSending) continue
      const lost = lane.lost.shift()
      if (lost) send(lost, timers.monotonicMs())
      else if (lane.buffer.size() === 0) hungry.delete(lane)
      else if (maySend(lane) || mustSend(lane, nowMs)) sendNext(lane)
    }
    if (hungry.size === 0 || isTicking) return
    isTicking = true
    timers.set(() => {
      isTicking = false
      flush()
    }, TICK_MS)
  }

  const maySend = (lane: Lane): boolean =>
    lane.batches < LANE_BATCHES_MAX &&
    inFlights.slots() < PROCESS_BATCHES_MAX &&
    (lane.batches === 0 || isWorthABatch(lane))

  /** What would go as a second batch, and cost the lane as much as the first, goes when it is not much smaller. */
  const isWorthABatch = ({ buffer, commands }: Lane): boolean =>
    buffer.size() >= Math.min(SECOND_SHARE_MIN * (commands - buffer.size()), deps.batchMax)

  /** Many are sent in halves, so that one is answered here while the other is applied there. */
  const sizeMax = ({ commands }: Lane): number =>
    commands < HALVED_MIN ? deps.batchMax : Math.min(Math.ceil(commands / 2), deps.batchMax)

  function mustSend({ buffer }: Lane, nowMs: number): boolean {
    const waitedMs = nowMs - buffer.oldestMs()
    if (isDraining || waitedMs >= ENQUEUE_MS_MAX / 2) return true
    return buffer.hasDue() && (waitedMs >= DUE_GATHER_MS || buffer.size() >= deps.batchMax)
  }

  function sendNext(lane: Lane): void {
    const sinceMs = timers.monotonicMs()
    dropStale(lane, sinceMs)
    const taken = lane.buffer.take({ commandsMax: sizeMax(lane), bytesMax: BATCH_BYTES_MAX })
    if (taken.length === 0) return
    const batch: CommandBatch = {
      kind: 'commands',
      format: BATCH_FORMAT,
      batchId: deps.drawBatchId(),
      madeAtMs: deps.nowMs(),
      replyTo: deps.processId,
      commands: taken.map(({ command }) => command),
    }
    hungry.delete(lane)
    hungry.add(lane)
    send(inFlights.add(lane, batch, taken), sinceMs)
  }

  /** Whatever expires does so in the belief that all that was accepted before is in the lane by then. */
  function dropStale(lane: Lane, nowMs: number): void {
    const stale = lane.buffer.takeStale(nowMs - ENQUEUE_MS_MAX)
    waiters.tellAll(stale, { kind: 'unavailable', mayHappen: false })
    lane.commands -= stale.length
  }

  /** `sinceMs` is the reading that found the batch in time: what comes after it must not take too long either. */
  function send(inFlight: InFlight, sinceMs: number): void {
    // One that was lost may have been found again while it waited for its turn.
    if (!inFlights.has(inFlight)) return
    const { lane } = inFlight
    const batch = inFlight.batch.read()
    inFlight.state = 'sending'
    lane.isSending = true
    const [first] = batch.commands
    if (first && timers.monotonicMs() - lane.heardMs > QUIET_MS) deps.announce(first.productId)
    void deps.addBatch(lane.name, batch).then((result) => {
      lane.isSending = false
      // The reply may have been quicker than the acknowledgement.
      if (inFlights.has(inFlight)) sent(inFlight, inTime(result, sinceMs))
      wake(lane)
    })
    deps.watch()
  }

  /** What was acknowledged late counts as not accepted, wherever the time went: an expiry may be in the lane before it. */
  function inTime(result: AddResult, sinceMs: number): AddResult {
    if (result !== 'acknowledged') return result
    return timers.monotonicMs() - sinceMs <= REDIS_COMMAND_MS_MAX ? 'acknowledged' : 'unknown'
  }

  function sent(inFlight: InFlight, result: AddResult): void {
    inFlight.lookAtMs = timers.monotonicMs() + QUIET_MS
    if (result === 'acknowledged') {
      inFlight.state = 'out'
      inFlight.wasAcknowledged = true
      return waiters.tellDue(inFlight)
    }
    const mayHappen = inFlight.wasAcknowledged || result === 'unknown'
    waiters.tellAll(inFlight.waiters, { kind: 'unavailable', mayHappen })
    if (!mayHappen) return inFlights.remove(inFlight)
    inFlights.releaseSlot(inFlight)
    inFlight.state = inFlight.wasAcknowledged ? 'out' : 'unknown'
  }

  return {
    /** Call it whenever a lane may have something to send. */
    wake,

    sendAgain(inFlight: InFlight): void {
      inFlight.state = 'lost'
      inFlight.lane.lost.push(inFlight)
      wake(inFlight.lane)
    },

    /** From now on everything is sent as soon as it comes. */
    drain(): void {
      isDraining = true
    },
  }
}
