/**
 * Everybody in this process who waits to hear what became of a command. A change of its product is the moment to look;
 * all who wait for one product share the looks, which ask Redis first: only what left the lane is a query.
 */
import type { StoredCommand } from '@flashlane/db'
import type { Timers } from '../dispatch/timers.ts'
import type { Notices } from './notices.ts'
import { createPaced, type Paced } from './paced.ts'

const LOOK_EACH_MS = 100
/** Commands asked about in one look. */
const ASKED_MAX = 1_024
/** Queries of one look, and how many of them at a time. */
const FOUND_MAX = 64
const AT_ONCE_MAX = 4
/** The api that sent it may still have what Redis has lost, and send it again within this time. */
const LOST_MS_MAX = 5_000

/** unknown: neither MySQL nor Redis knows the command any more. */
export type Told =
  | { readonly kind: 'applied'; readonly stored: StoredCommand }
  | { readonly kind: 'unknown' }

type CommandWaitsDeps = {
  readonly notices: Pick<Notices, 'watch'>
  stillQueued(productId: number, commandIds: readonly string[]): Promise<ReadonlySet<string>>
  findApplied(commandId: string): Promise<StoredCommand | null>
  readonly timers: Timers
  onFault(error: unknown): void
}

type Waited = {
  readonly commandId: string
  readonly tell: Set<(told: Told) => void>
  /** Since when neither knows it. */
  lostSinceMs: number | null
}

/** `waited` is in the order in which it is looked for. */
type Group = { readonly waited: Map<string, Waited>; readonly looks: Paced; unwatch(): void }

export type CommandWaits = ReturnType<typeof createCommandWaits>

export function createCommandWaits(deps: CommandWaitsDeps) {
  const { notices, timers, onFault } = deps
  const groups = new Map<number, Group>()

  function open(productId: number): Group {
    const looks = createPaced({
      run: () => look(productId, group),
      everyMs: LOOK_EACH_MS,
      timers,
      onFault,
    })
    const group: Group = { waited: new Map(), looks, unwatch: () => {} }
    group.unwatch = notices.watch(productId, () => looks.request())
    groups.set(productId, group)
    return group
  }

  async function look(productId: number, group: Group): Promise<void> {
    const asked = [...group.waited.values()].slice(0, ASKED_MAX)
    const ids = asked.map(({ commandId }) => commandId)
    const queued = await deps.stillQueued(productId, ids).catch((error: unknown) => {
      onFault(error)
      return null
    })
    const gone = asked.filter(({ commandId }) => !queued?.has(commandId))
    const looked = gone.slice(0, FOUND_MAX)
    for (let i = 0; i < looked.length; i += AT_ONCE_MAX) {
      const some = looked.slice(i, i + AT_ONCE_MAX)
      await Promise.all(some.map((waited) => find(productId, { waited, isGone: queued !== null })))
    }
    // Nobody is looked for twice while somebody was not once.
    const left = new Set(gone.slice(FOUND_MAX))
    for (const waited of asked) if (!left.has(waited)) moveToEnd(group, waited)
    // Without Redis every look is queries: then only now and then.
    if (queued && (left.size > 0 || group.waited.size > ASKED_MAX)) group.looks.request()
  }

  async function find(
    productId: number,
    { waited, isGone }: { waited: Waited; isGone: boolean },
  ): Promise<void> {
    const stored = await deps.findApplied(waited.commandId)
    if (stored) return tell(productId, waited, { kind: 'applied', stored })
    const nowMs = timers.monotonicMs()
    waited.lostSinceMs = isGone ? (waited.lostSinceMs ?? nowMs) : null
    if (waited.lostSinceMs === null || nowMs - waited.lostSinceMs < LOST_MS_MAX) return
    tell(productId, waited, { kind: 'unknown' })
  }

  function tell(productId: number, waited: Waited, told: Told): void {
    const all = [...waited.tell]
    for (const each of all) leave(productId, waited, each)
    for (const each of all) each(told)
  }

  function leave(productId: number, waited: Waited, told: (told: Told) => void): void {
    if (!waited.tell.delete(told) || waited.tell.size > 0) return
    const group = groups.get(productId)
    if (group?.waited.get(waited.commandId) !== waited) return
    group.waited.delete(waited.commandId)
    if (group.waited.size > 0) return
    group.unwatch()
    group.looks.stop()
    groups.delete(productId)
  }

  return {
    /** Tells once. Returns what ends the wait before that. */
    wait(
      { productId, commandId }: { productId: number; commandId: string },
      told: (told: Told) => void,
    ): () => void {
      const group = groups.get(productId) ?? open(productId)
      let waited = group.waited.get(commandId)
      if (!waited) {
        waited = { commandId, tell: new Set(), lostSinceMs: null }
        group.waited.set(commandId, waited)
      }
      waited.tell.add(told)
      // It may have been applied since it was found in its lane.
      group.looks.request()
      const joined = waited
      return () => leave(productId, joined, told)
    },
  }
}

function moveToEnd({ waited }: Group, each: Waited): void {
  if (waited.get(each.commandId) !== each) return
  waited.delete(each.commandId)
  waited.set(each.commandId, each)
}
