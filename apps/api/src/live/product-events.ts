/** `GET /products/{id}/events`: a product as it is, and then as it changes. */
import type { Product } from '@flashlane/core'
import type { Context } from 'hono'
import { headerOf } from '../incoming.ts'
import { readProductId } from '../path-id.ts'
import { Fault } from '../problem.ts'
import { publicProductView } from '../views.ts'
import type { EventStreams } from './event-stream.ts'
import type { ProductFeeds } from './product-feed.ts'

type ProductEventsDeps = {
  readonly streams: Pick<EventStreams, 'open'>
  readonly feeds: ProductFeeds
  readProduct(productId: number): Promise<Product | null>
  nowMs(): number
  readonly stockShownMax?: number | undefined
}

export const makeProductEvents =
  ({ streams, feeds, readProduct, nowMs, stockShownMax }: ProductEventsDeps) =>
  async (c: Context): Promise<Response> => {
    const product = await readProduct(readProductId(c))
    if (!product) throw new Fault('product_not_found')

    // Only the current version is a client's that came back; any other is sent the snapshot.
    const has = Number(headerOf(c, 'last-event-id')) === product.version ? product.version : 0
    return streams.open(c, (wake) => {
      const feed = feeds.follow(product, wake)
      let sent = has
      return {
        next() {
          const latest = feed.latest()
          if (latest.version <= sent) return null
          sent = latest.version
          return {
            event: 'product',
            id: String(sent),
            data: publicProductView(latest, { nowMs: nowMs(), stockShownMax }),
          }
        },
        closed: feed.stop,
      }
    })
  }
