/** What clients follow instead of asking again: products, and the commands that they were answered 202 for. */
import { type Product, STREAMS_MAX } from '@flashlane/core'
import type { Catalogue } from '../catalogue.ts'
import type { Timers } from '../dispatch/timers.ts'
import type { Place } from '../lanes.ts'
import type { Subscribe } from '../subscriptions.ts'
import { makeCommandEvents } from './command-events.ts'
import { createCommandPolls } from './command-polls.ts'
import { type CommandStatusDeps, createCommandStatus } from './command-status.ts'
import { createCommandWaits } from './command-waits.ts'
import { createEventStreams } from './event-stream.ts'
import { createNotices } from './notices.ts'
import { makeProductEvents } from './product-events.ts'
import { createProductFeeds } from './product-feed.ts'
import { createStandings } from './standings.ts'

export type LiveDeps = CommandStatusDeps & {
  readonly catalogue: Pick<Catalogue, 'has'>
  readProduct(productId: number): Promise<Product | null>
  stillQueued(productId: number, commandIds: readonly string[]): Promise<ReadonlySet<string>>
  placeOf(lane: string, batchId: string, earlierId: string): Promise<Place>
  laneOf(productId: number): string
  /** The database's clock. */
  nowMs(): number
  readonly stockShownMax?: number | undefined
  readonly subscribe: Subscribe
  readonly timers: Timers
  onFault(error: unknown): void
  readonly streamsMax?: number
}

export type Live = ReturnType<typeof createLive>

export function createLive(deps: LiveDeps) {
  const { catalogue, timers, streamsMax = STREAMS_MAX } = deps
  const notices = createNotices(deps)
  const streams = createEventStreams({ timers, streamsMax, random: Math.random })
  const feeds = createProductFeeds({ ...deps, notices })
  const status = createCommandStatus(deps)
  const { findApplied } = status
  const waits = createCommandWaits({ ...deps, notices, findApplied })
  const standingOf = createStandings({ ...deps, monotonicMs: timers.monotonicMs })
  const polls = createCommandPolls({ catalogue, status, waits, standingOf, timers })

  return {
    productEvents: makeProductEvents({ ...deps, streams, feeds }),
    showCommand: polls.show,
    commandEvents: makeCommandEvents({ catalogue, status, waits, standingOf, streams, timers }),
    standingOf,
    streams: streams.count,
    polls: polls.count,
    watchedProducts: notices.watched,
    /** Ends all streams, and answers all who wait. */
    end(): void {
      streams.end()
      polls.end()
      notices.stop()
    },
  }
}
