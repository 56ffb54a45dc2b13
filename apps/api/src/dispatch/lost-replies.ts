/** Finds out what became of batches that nobody has told about: their reply was lost, their lane is long, or Redis lost them. */
import type { Outcome } from '@flashlane/core'
import type { DispatcherDeps } from './dispatcher.ts'
import type { InFlight, InFlights } from './in-flight.ts'

const LOOK_EACH_MS = 500
const LOOK_AGAIN_MS = 1_000
/** Batches asked about at a time. */
const LOOK_MAX = 256

type LostRepliesDeps = Pick<
  DispatcherDeps,
  'hasJob' | 'findBatches' | 'refreshSnapshots' | 'timers' | 'onFault'
> & {
  readonly inFlights: InFlights
  settle(inFlight: InFlight, outcomes: readonly Outcome[]): void
  sendAgain(inFlight: InFlight): void
}

export function createLostReplies(deps: LostRepliesDeps) {
  const { inFlights, timers } = deps
  let isWatching = false
  let isStopped = false

  /** Looks now and then, for as long as anything is in flight. */
  function watch(): void {
    if (isWatching || isStopped) return
    isWatching = true
    timers.set(() => {
      void look()
        .catch(deps.onFault)
        .then(() => {
          isWatching = false
          if (inFlights.size() > 0) watch()
        })
    }, LOOK_EACH_MS)
  }

  async function look(): Promise<void> {
    const silent = takeSilent()
    if (silent.length === 0) return
    const unapplied = await settleApplied(silent)
    const missing = await withoutJob(unapplied)
    // A batch that was applied between the two questions is neither in the journal then nor in Redis now.
    for (const inFlight of await settleApplied(missing)) {
      if (inFlight.wasAcknowledged) deps.sendAgain(inFlight)
      else inFlights.remove(inFlight)
    }
  }

  function takeSilent(): InFlight[] {
    const nowMs = timers.monotonicMs()
    const silent: InFlight[] = []
    for (const inFlight of inFlights.all()) {
      if (!isSilent(inFlight) || inFlight.lookAtMs > nowMs) continue
      if (silent.push(inFlight) === LOOK_MAX) break
    }
    for (const inFlight of silent) {
      inFlight.lookAtMs = nowMs + LOOK_AGAIN_MS
      inFlights.moveToEnd(inFlight)
    }
    return silent
  }

  /** Answers those that the journal knows, and returns the others. */
  async function settleApplied(asked: readonly InFlight[]): Promise<InFlight[]> {
    if (asked.length === 0) return []
    const applied = await deps.findBatches(asked.map(({ batch }) => batch.batchId))
    const found = asked.filter(({ batch }) => applied.has(batch.batchId))
    if (found.length > 0) await deps.refreshSnapshots(productsOf(found))
    for (const inFlight of found) {
      deps.settle(inFlight, applied.get(inFlight.batch.batchId) ?? [])
    }
    return asked.filter((each) => !found.includes(each) && isStill(each))
  }

  /** Those that Redis does not know either. The others stand in a long lane, and free their slot for shorter ones. */
  async function withoutJob(unapplied: readonly InFlight[]): Promise<InFlight[]> {
    const answers = await Promise.all(
      unapplied.map(({ lane, batch }) => deps.hasJob(lane.name, batch.batchId)),
    )
    return unapplied.filter((inFlight, i) => {
      if (!isStill(inFlight)) return false
      if (answers[i]) inFlights.releaseSlot(inFlight)
      return !answers[i]
    })
  }

  const isStill = (inFlight: InFlight): boolean => inFlights.has(inFlight) && isSilent(inFlight)

  return {
    watch,
    stop(): void {
      isStopped = true
    },
  }
}

const isSilent = ({ state }: InFlight): boolean => state === 'out' || state === 'unknown'

const productsOf = (found: readonly InFlight[]): Set<number> =>
  new Set(found.flatMap(({ batch }) => batch.read().commands.map(({ productId }) => productId)))
