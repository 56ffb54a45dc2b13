/**
 * The batches on their way, from the first `add` until their outcomes are known. A batch is
 *
 *   sending   its `add` is under way; the lane sends nothing else meanwhile, since two at once could change places
 *   out       Redis has acknowledged it: whoever does not want to wait any longer is told 202
 *   lost      Redis had it and has it no more, and MySQL has not seen it: it is sent again, under the same id
 *   unknown   its `add` was never acknowledged: its waiters were told 503, and it may be applied all the same
 *
 *   sending -> out        acknowledged
 *   sending -> unknown    not acknowledged in time
 *   sending -> (gone)     not even sent
 *   out -> lost           neither the journal nor Redis knows it
 *   lost -> sending       its lane is free to send; if that fails, it is `out` again and looked for again
 *   unknown -> (gone)     neither the journal nor Redis knows it: it never was
 *   any -> (gone)         a reply, or the journal, tells its outcomes
 *
 * Each holds one of the process's few slots, so that all lanes together do not flood Redis, until it is gone or found to
 * stand in a lane that is merely long; and counts for its lane until it is gone.
 */
import type { CommandBatch } from '@flashlane/core'
import { type KeptBatch, keepBatch } from './kept-batch.ts'
import type { Lane } from './lane.ts'
import type { Waiter } from './waiter.ts'

export type InFlight = {
  readonly batch: KeptBatch
  readonly lane: Lane
  /** In the order of the batch's commands; none once all are told. */
  waiters: readonly Waiter[]
  state: 'sending' | 'out' | 'lost' | 'unknown'
  /** Redis had it once: it was accepted, and is not given up. */
  wasAcknowledged: boolean
  holdsSlot: boolean
  /** When to look whether its reply was lost. */
  lookAtMs: number
}

export type InFlights = ReturnType<typeof createInFlights>

export function createInFlights() {
  const byId = new Map<string, InFlight>()
  let slots = 0

  function releaseSlot(inFlight: InFlight): void {
    if (!inFlight.holdsSlot) return
    inFlight.holdsSlot = false
    slots--
  }

  return {
    add(lane: Lane, batch: CommandBatch, waiters: readonly Waiter[]): InFlight {
      const inFlight: InFlight = {
        batch: keepBatch(batch),
        lane,
        waiters,
        state: 'sending',
        wasAcknowledged: false,
        holdsSlot: true,
        lookAtMs: Number.POSITIVE_INFINITY,
      }
      for (const waiter of waiters) waiter.inFlight = inFlight
      byId.set(batch.batchId, inFlight)
      lane.batches++
      slots++
      return inFlight
    },
    releaseSlot,
    remove(inFlight: InFlight): void {
      if (!byId.delete(inFlight.batch.batchId)) return
      releaseSlot(inFlight)
      inFlight.lane.batches--
      inFlight.lane.commands -= inFlight.batch.size
    },
    find: (batchId: string): InFlight | undefined => byId.get(batchId),
    has: (inFlight: InFlight): boolean => byId.get(inFlight.batch.batchId) === inFlight,
    /** Behind all others: what was looked at just now comes last when there is too much to look at. */
    moveToEnd(inFlight: InFlight): void {
      if (byId.delete(inFlight.batch.batchId)) byId.set(inFlight.batch.batchId, inFlight)
    },
    all: (): Iterable<InFlight> => byId.values(),
    size: (): number => byId.size,
    slots: (): number => slots,
  }
}
