/**
 * A deep lane is emptied several batches at a time: those that come next go in the transaction of the one in hand, in their
 * order, and are told when their own jobs come. A lock and a commit cost the same for one and for four, and the worker
 * writes one batch's statements while MySQL is at work on those of the one before.
 */
import type { CommandBatch } from '@flashlane/core'
import { type Applied, applyInTurn, type Batch, type Store } from './apply.ts'
import { isOfHolds } from './joint.ts'
import type { Lane } from './lane.ts'

/** Commands behind a batch that make its lane deep: more than an api has in flight, whose batches are better told one by one. */
const DEPTH_MIN = 1_024
/** Batches that are applied ahead of their jobs. */
const AHEAD_MAX = 3
/** Of all lanes together, batches that are applied and whose jobs have not come: they bound what is kept in memory. */
const REMEMBERED_MAX = 300
/** A job that has not come by then is another worker's, which finds the batch in the journal. */
const FORGOTTEN_MS = 30_000
/** Batches of a lane that go alone after some that could not go together, before that is tried again. */
const REST_BATCHES = 16

/** With the time that it took, which batches of one transaction share. */
export type Taken = { readonly applied: Applied; readonly tookMs: number }

type Waiting = Pick<Lane, 'name' | 'depth' | 'next'>

export type Ahead = (lane: Waiting, batch: Batch, alone: () => Promise<Applied>) => Promise<Taken>

type Options = {
  readonly depthMin?: number
  /** Hears what kept batches from going together; the one in hand is tried alone. */
  onFault(error: unknown): void
}

type Remembered = { readonly sinceMs: number; readonly batches: Map<string, Taken> }

const pairOf = (batchId: string, taken: Taken | undefined): [string, Taken][] =>
  taken ? [[batchId, taken]] : []

/** Whatever keeps batches from going together, the one in hand goes `alone`. */
export function createAhead(store: Store, { depthMin = DEPTH_MIN, onFault }: Options): Ahead {
  const remembered = new Map<string, Remembered>()
  const resting = new Map<string, number>()

  function isFull(): boolean {
    const size = () => remembered.values().reduce((sum, { batches }) => sum + batches.size, 0)
    if (size() < REMEMBERED_MAX) return false
    const oldestMs = performance.now() - FORGOTTEN_MS
    for (const [lane, { sinceMs }] of remembered) if (sinceMs < oldestMs) remembered.delete(lane)
    return size() >= REMEMBERED_MAX
  }

  /** Told once, when its job comes. */
  function recall(lane: string, batchId: string): Taken | null {
    const known = remembered.get(lane)
    const taken = known?.batches.get(batchId)
    // Another batch than was expected: somebody else has worked the lane.
    if (!known || !taken) remembered.delete(lane)
    else if (known.batches.delete(batchId) && known.batches.size === 0) remembered.delete(lane)
    return taken ?? null
  }

  function isResting(lane: string): boolean {
    const left = resting.get(lane) ?? 0
    if (left > 1) resting.set(lane, left - 1)
    else resting.delete(lane)
    return left > 0
  }

  async function nextOf(lane: Waiting, batch: Batch): Promise<readonly CommandBatch[]> {
    if (!isOfHolds(batch) || isFull() || (await lane.depth()) < depthMin) return []
    if (isResting(lane.name)) return []
    const waiting = await lane.next(AHEAD_MAX)
    // Put back while it was in hand: somebody else has it, or will.
    if (waiting.some(({ batchId }) => batchId === batch.batchId)) return []
    const others = waiting.findIndex((each) => !isOfHolds(each))
    return others < 0 ? waiting : waiting.slice(0, others)
  }

  async function together(lane: Waiting, batch: Batch): Promise<Taken | null> {
    const next = await nextOf(lane, batch)
    if (next.length === 0) return null
    const startMs = performance.now()
    // Taken back below: whatever comes between, the lane rests.
    resting.set(lane.name, REST_BATCHES)
    const told = await applyInTurn(store, [batch, ...next])
    if (!told) return null
    const tookMs = (performance.now() - startMs) / told.length
    const [own, ...ahead] = told.map((applied): Taken => ({ applied, tookMs }))
    if (ahead.length === next.length) {
      resting.delete(lane.name)
      const batches = new Map(next.flatMap(({ batchId }, i) => pairOf(batchId, ahead[i])))
      remembered.set(lane.name, { sinceMs: startMs, batches })
    }
    return own ?? null
  }

  return async (lane, batch, alone) => {
    const known = recall(lane.name, batch.batchId)
    if (known) return known
    const startMs = performance.now()
    const taken = await together(lane, batch).catch((error: unknown) => {
      onFault(error)
      return null
    })
    if (taken) return taken
    const applied = await alone()
    return { applied, tookMs: performance.now() - startMs }
  }
}
