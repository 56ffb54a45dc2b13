/**
 * Tells that a product has changed: workers publish its version after each commit. A product's channel is subscribed to
 * only while somebody watches it, and whoever watches is told now and then without a message, since messages get lost.
 */
import { productChannel } from '@flashlane/core'
import type { Timer, Timers } from '../dispatch/timers.ts'
import type { Subscribe } from '../subscriptions.ts'

/** After so long without a message, somebody looks for himself. */
const SILENCE_MS_MAX = 2_000
const TICK_MS = 250
/** Without Redis each look is a query: so many products a tick at most. */
const LOOKS_A_TICK_MAX = 64

/** The version that was published; null where there is no message, but perhaps a change. */
type Noticed = (version: number | null) => void

type Watched = { readonly watchers: Set<Noticed>; heardMs: number; unsubscribe(): void }

export type Notices = ReturnType<typeof createNotices>

export function createNotices({
  subscribe,
  timers,
}: {
  readonly subscribe: Subscribe
  readonly timers: Timers
}) {
  /** Whoever was heard of longest ago stands first. */
  const products = new Map<number, Watched>()
  let timer: Timer | null = null

  function open(productId: number): Watched {
    const watched: Watched = {
      watchers: new Set(),
      heardMs: timers.monotonicMs(),
      unsubscribe: () => {},
    }
    watched.unsubscribe = subscribe(productChannel(productId), {
      heard: (message) => tell(productId, watched, Number(message)),
      // The tick sees to it, so that a new connection does not become a thousand reads at once.
      subscribed() {
        watched.heardMs = Number.NEGATIVE_INFINITY
      },
    })
    products.set(productId, watched)
    timer ??= timers.set(tick, TICK_MS)
    return watched
  }

  function tell(productId: number, watched: Watched, version: number | null): void {
    watched.heardMs = timers.monotonicMs()
    products.delete(productId)
    products.set(productId, watched)
    for (const noticed of watched.watchers) noticed(version)
  }

  function tick(): void {
    timer = products.size === 0 ? null : timers.set(tick, TICK_MS)
    const silentSinceMs = timers.monotonicMs() - SILENCE_MS_MAX
    const silent: [number, Watched][] = []
    for (const entry of products) {
      if (entry[1].heardMs <= silentSinceMs) silent.push(entry)
      if (silent.length === LOOKS_A_TICK_MAX) break
    }
    for (const [productId, watched] of silent) tell(productId, watched, null)
  }

  return {
    /** Returns what ends the watch. */
    watch(productId: number, noticed: Noticed): () => void {
      const watched = products.get(productId) ?? open(productId)
      watched.watchers.add(noticed)
      return () => {
        if (!watched.watchers.delete(noticed) || watched.watchers.size > 0) return
        watched.unsubscribe()
        products.delete(productId)
      }
    },
    watched: (): number => products.size,
    stop(): void {
      if (timer !== null) timers.clear(timer)
    },
  }
}
