/** What those who watch a product are shown: one read for all of them, a few times a second at most, and the latest always. */
import type { Product } from '@flashlane/core'
import type { Timers } from '../dispatch/timers.ts'
import type { Notices } from './notices.ts'
import { createPaced, type Paced } from './paced.ts'

const READ_EACH_MS = 100
/** Followers told in one turn of the event loop: a crowd must not keep buyers waiting. */
const TOLD_A_TURN = 256

type ProductFeedsDeps = {
  readonly notices: Pick<Notices, 'watch'>
  readProduct(productId: number): Promise<Product | null>
  readonly timers: Timers
  onFault(error: unknown): void
}

type Feed = {
  latest: Product
  readonly followers: Set<() => void>
  readonly reads: Paced
  unwatch(): void
}

export type Following = {
  /** Its version never goes back. */
  latest(): Product
  stop(): void
}

export type ProductFeeds = ReturnType<typeof createProductFeeds>

export function createProductFeeds({ notices, readProduct, timers, onFault }: ProductFeedsDeps) {
  const feeds = new Map<number, Feed>()

  function open(first: Product): Feed {
    const { productId } = first
    const reads = createPaced({
      async run() {
        const product = await readProduct(productId)
        if (product) await learn(feed, product)
      },
      everyMs: READ_EACH_MS,
      timers,
      onFault,
    })
    const feed: Feed = { latest: first, followers: new Set(), reads, unwatch: () => {} }
    feed.unwatch = notices.watch(productId, (version) => {
      if (version === null || version > feed.latest.version) reads.request()
    })
    feeds.set(productId, feed)
    return feed
  }

  async function learn(feed: Feed, product: Product): Promise<void> {
    if (product.version <= feed.latest.version) return
    feed.latest = product
    let told = 0
    for (const changed of feed.followers) {
      if (told++ % TOLD_A_TURN === TOLD_A_TURN - 1) await new Promise<void>(timers.afterTurn)
      changed()
    }
  }

  return {
    /** `product` was read after the follower came, so that he is shown nothing older than what he was answered before. */
    follow(product: Product, changed: () => void): Following {
      const feed = feeds.get(product.productId) ?? open(product)
      learn(feed, product).catch(onFault)
      feed.followers.add(changed)
      return {
        latest: () => feed.latest,
        stop() {
          if (!feed.followers.delete(changed) || feed.followers.size > 0) return
          feed.unwatch()
          feed.reads.stop()
          feeds.delete(product.productId)
        },
      }
    },
  }
}
