/**
 * Gathers commands into batches, one buffer a lane. A lane that is idle sends at once, so that a lone command never
 * waits; while its batches are in flight, commands gather for the next. What is in flight is limited, but the buffers are
 * not the queue: past those limits goes what has waited for half of the time within which a command must reach Redis, or
 * what somebody wants a 202 for. Everybody who submits is answered, once.
 */
import {
  BATCH_BYTES_MAX,
  BATCH_FORMAT,
  type Command,
  type CommandBatch,
  ENQUEUE_MS_MAX,
  LANE_BATCHES_MAX,
  LANE_DEPTH_MAX,
  type Outcome,
  PROCESS_BATCHES_MAX,
  type Reply,
  WAITERS_MAX,
} from '@flashlane/core'
import type { AddResult } from '../lanes.ts'
import { createInFlights, type InFlight } from './in-flight.ts'
import { createLane, isTooDeep, type Lane } from './lane.ts'
import { createLostReplies } from './lost-replies.ts'
import type { Timers } from './timers.ts'
import type { Answer, Waiter } from './waiter.ts'

/** How often buffers that may not send are looked at again. */
const TICK_MS = 25
const QUIET_MS = 1_000

export type DispatcherDeps = {
  /** Never rejects. */
  addBatch(lane: string, batch: CommandBatch): Promise<AddResult>
  hasJob(lane: string, batchId: string): Promise<boolean>
  /** The outcomes of those that were applied. */
  findBatches(batchIds: readonly string[]): Promise<ReadonlyMap<string, readonly Outcome[]>>
  /** Called before anybody is told what only the journal told: his next read must show it. */
  refreshSnapshots(productIds: ReadonlySet<number>): Promise<void>
  /** Called with an `add` to a lane that has not been heard of for a second: perhaps no worker has it open. */
  announce(productId: number): void
  laneOf(productId: number): string
  drawBatchId(): string
  /** The database's clock. */
  nowMs(): number
  readonly timers: Timers
  readonly processId: string
  readonly batchMax: number
  onFault(error: unknown): void
}

export type Dispatcher = ReturnType<typeof createDispatcher>

export function createDispatcher(deps: DispatcherDeps) {
  const { timers, batchMax } = deps
  const lanes = new Map<string, Lane>()
  /** Lanes that have something to send, in turn: whoever has sent goes to the end. */
  const hungry = new Set<Lane>()
  const inFlights = createInFlights()
  const lostReplies = createLostReplies({ ...deps, inFlights, settle, sendAgain })
  let waiting = 0
  let isDraining = false
  let isClosed = false
  let isFlushing = false
  let isTicking = false

  function submit(command: Command, waitMs: number): Promise<Answer> {
    if (isClosed) return Promise.resolve({ kind: 'unavailable', mayHappen: false })
    const lane = laneFor(command.productId)
    const enteredMs = timers.monotonicMs()
    const isFull = waiting >= WAITERS_MAX
    if (isFull || isTooDeep(lane, command, { depthMax: LANE_DEPTH_MAX, ms: enteredMs })) {
      return Promise.resolve({ kind: 'busy' })
    }
    return new Promise((resolve) => {
      const isDue = waitMs <= 0
      const waiter: Waiter = {
        command,
        enteredMs,
        tell: resolve,
        timer: null,
        isDue,
        inFlight: null,
      }
      if (!isDue) waiter.timer = timers.set(() => endWait(waiter, lane), waitMs)
      waiting++
      lane.commands++
      lane.buffer.push(waiter)
      wake(lane)
    })
  }

  function laneFor(productId: number): Lane {
    const name = deps.laneOf(productId)
    const known = lanes.get(name)
    if (known) return known
    const lane = createLane(name)
    lanes.set(name, lane)
    return lane
  }

  function tell(waiter: Waiter, answer: Answer): void {
    const { tell: resolve } = waiter
    if (!resolve) return
    waiter.tell = null
    if (waiter.timer !== null) timers.clear(waiter.timer)
    waiting--
    resolve(answer)
  }

  function endWait(waiter: Waiter, lane: Lane): void {
    if (!waiter.tell) return
    waiter.isDue = true
    const { inFlight } = waiter
    if (inFlight) tellDue(inFlight)
    else {
      lane.buffer.becameDue()
      wake(lane)
    }
  }

  /** A 202 says that the command is in Redis: nobody gets it before that is so. */
  function tellDue(inFlight: InFlight): void {
    if (inFlight.state !== 'out') return
    const { batchId } = inFlight.batch
    for (const waiter of inFlight.waiters) {
      if (waiter.isDue) tell(waiter, { kind: 'queued', batchId })
    }
  }

  function wake(lane: Lane): void {
    hungry.add(lane)
    if (isFlushing) return
    isFlushing = true
    timers.afterTurn(flush)
  }

  function flush(): void {
    isFlushing = false
    for (const lane of hungry) {
      if (lane.isSending) continue
      const lost = lane.lost.shift()
      if (lost) send(lost)
      else if (lane.buffer.size() === 0) hungry.delete(lane)
      else if (mustSend(lane) || maySend(lane)) sendNext(lane)
    }
    if (hungry.size === 0 || isTicking) return
    isTicking = true
    timers.set(() => {
      isTicking = false
      flush()
    }, TICK_MS)
  }

  const maySend = (lane: Lane): boolean =>
    lane.batches < LANE_BATCHES_MAX && inFlights.slots() < PROCESS_BATCHES_MAX

  const mustSend = ({ buffer }: Lane): boolean =>
    isDraining || buffer.hasDue() || timers.monotonicMs() - buffer.oldestMs() >= ENQUEUE_MS_MAX / 2

  function sendNext(lane: Lane): void {
    // Whatever expires does so in the belief that all that was accepted before is in the lane by then.
    const stale = lane.buffer.takeStale(timers.monotonicMs() - ENQUEUE_MS_MAX)
    for (const waiter of stale) tell(waiter, { kind: 'unavailable', mayHappen: false })
    lane.commands -= stale.length

    const waiters = lane.buffer.take({ commandsMax: batchMax, bytesMax: BATCH_BYTES_MAX })
    if (waiters.length === 0) return
    const batch: CommandBatch = {
      kind: 'commands',
      format: BATCH_FORMAT,
      batchId: deps.drawBatchId(),
      madeAtMs: deps.nowMs(),
      replyTo: deps.processId,
      commands: waiters.map(({ command }) => command),
    }
    hungry.delete(lane)
    hungry.add(lane)
    send(inFlights.add(lane, batch, waiters))
  }

  function send(inFlight: InFlight): void {
    const { batch, lane } = inFlight
    if (!inFlights.has(inFlight)) return
    inFlight.state = 'sending'
    lane.isSending = true
    if (timers.monotonicMs() - lane.heardMs > QUIET_MS) {
      deps.announce(batch.commands[0]?.productId ?? 0)
    }
    void deps.addBatch(lane.name, batch).then((result) => {
      lane.isSending = false
      if (inFlights.has(inFlight)) sent(inFlight, result)
      wake(lane)
    })
    lostReplies.watch()
  }

  function sent(inFlight: InFlight, result: AddResult): void {
    inFlight.lookAtMs = timers.monotonicMs() + QUIET_MS
    if (result === 'acknowledged') {
      inFlight.state = 'out'
      inFlight.wasAcknowledged = true
      return tellDue(inFlight)
    }
    const mayHappen = inFlight.wasAcknowledged || result === 'unknown'
    for (const waiter of inFlight.waiters) tell(waiter, { kind: 'unavailable', mayHappen })
    if (!mayHappen) return inFlights.remove(inFlight)
    inFlights.releaseSlot(inFlight)
    inFlight.state = inFlight.wasAcknowledged ? 'out' : 'unknown'
  }

  function sendAgain(inFlight: InFlight): void {
    inFlight.state = 'lost'
    inFlight.lane.lost.push(inFlight)
    wake(inFlight.lane)
  }

  function heard({ batchId, outcomes, depth }: Reply): void {
    const inFlight = inFlights.find(batchId)
    if (!inFlight) return
    inFlight.lane.depthTold = depth
    inFlight.lane.heardMs = timers.monotonicMs()
    settle(inFlight, outcomes)
  }

  function settle(inFlight: InFlight, outcomes: readonly Outcome[]): void {
    if (!inFlights.has(inFlight)) return
    inFlight.waiters.forEach((waiter, i) => {
      const outcome = outcomes[i]
      tell(
        waiter,
        outcome ? { kind: 'applied', outcome } : { kind: 'unavailable', mayHappen: true },
      )
    })
    inFlights.remove(inFlight)
    wake(inFlight.lane)
  }

  return {
    submit,
    heard,
    waiting: (): number => waiting,
    inFlight: (): number => inFlights.size(),

    /** From now on everything is sent as soon as it comes. */
    drain(): void {
      isDraining = true
      for (const lane of lanes.values()) wake(lane)
    },

    /** Tells everybody what is known: 202 for what Redis has, 503 for the rest. */
    giveUp(): void {
      isClosed = true
      for (const inFlight of inFlights.all()) {
        for (const waiter of inFlight.waiters) waiter.isDue = true
        tellDue(inFlight)
        for (const waiter of inFlight.waiters) {
          tell(waiter, { kind: 'unavailable', mayHappen: true })
        }
      }
      for (const lane of lanes.values()) {
        const unsent = lane.buffer.takeStale(Number.POSITIVE_INFINITY)
        for (const waiter of unsent) tell(waiter, { kind: 'unavailable', mayHappen: false })
        lane.commands -= unsent.length
      }
    },

    stop: (): void => lostReplies.stop(),
  }
}
