/** Takes commands, sends them down their lanes in batches, and tells what became of each. Everybody is answered, once. */
import {
  type Command,
  type CommandBatch,
  LANE_DEPTH_MAX,
  type Outcome,
  type Reply,
  unpackOutcomes,
  WAITERS_MAX,
} from '@flashlane/core'
import type { AddResult } from '../lanes.ts'
import { createInFlights, type InFlight } from './in-flight.ts'
import { createLane, isTooDeep, type Lane } from './lane.ts'
import { createLostReplies } from './lost-replies.ts'
import { createSender } from './sender.ts'
import type { Timers } from './timers.ts'
import { type Answer, createWaiters, type Waiter } from './waiter.ts'

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
  const { timers } = deps
  const lanes = new Map<string, Lane>()
  const inFlights = createInFlights()
  const waiters = createWaiters(timers, endWait)
  const sender = createSender({ ...deps, inFlights, waiters, watch: () => lostReplies.watch() })
  const { sendAgain } = sender
  const lostReplies = createLostReplies({ ...deps, inFlights, settle, sendAgain })
  let isClosed = false

  function submit(command: Command, waitMs: number): Promise<Answer> {
    if (isClosed) return Promise.resolve({ kind: 'unavailable', mayHappen: false })
    const lane = laneFor(command.productId)
    const now = { depthMax: LANE_DEPTH_MAX, ms: timers.monotonicMs() }
    if (waiters.count() >= WAITERS_MAX || isTooDeep(lane, command, now)) {
      return Promise.resolve({ kind: 'busy' })
    }
    return new Promise((resolve) => {
      lane.buffer.push(waiters.open({ command, lane, waitMs }, resolve))
      lane.commands++
      sender.wake(lane)
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

  function endWait({ inFlight, lane }: Waiter): void {
    if (inFlight) return waiters.tellDue(inFlight)
    lane.buffer.becameDue()
    sender.wake(lane)
  }

  function heard(reply: Reply): void {
    const inFlight = inFlights.find(reply.batchId)
    if (!inFlight) return
    inFlight.lane.depthTold = reply.depth
    inFlight.lane.heardMs = timers.monotonicMs()
    const isAwaited = inFlight.waiters.length > 0
    settle(inFlight, isAwaited ? unpackOutcomes(reply, inFlight.batch.read().commands) : [])
  }

  function settle(inFlight: InFlight, outcomes: readonly Outcome[]): void {
    if (!inFlights.has(inFlight)) return
    for (const [i, waiter] of inFlight.waiters.entries()) {
      const outcome = outcomes[i]
      const answer: Answer = outcome
        ? { kind: 'applied', outcome }
        : { kind: 'unavailable', mayHappen: true }
      waiters.tell(waiter, answer)
    }
    inFlights.remove(inFlight)
    sender.wake(inFlight.lane)
  }

  return {
    submit,
    heard,
    waiting: waiters.count,
    inFlight: inFlights.size,

    /** From now on everything is sent as soon as it comes. */
    drain(): void {
      sender.drain()
      for (const lane of lanes.values()) sender.wake(lane)
    },

    /** Takes no more, and tells everybody what is known: 202 for what Redis has, 503 for the rest. */
    giveUp(): void {
      isClosed = true
      for (const inFlight of inFlights.all()) {
        for (const waiter of inFlight.waiters) waiter.isDue = true
        waiters.tellDue(inFlight)
        waiters.tellAll(inFlight.waiters, { kind: 'unavailable', mayHappen: true })
      }
      for (const lane of lanes.values()) {
        const unsent = lane.buffer.takeStale(Number.POSITIVE_INFINITY)
        waiters.tellAll(unsent, { kind: 'unavailable', mayHappen: false })
        lane.commands -= unsent.length
      }
    },

    stop: (): void => lostReplies.stop(),
  }
}
