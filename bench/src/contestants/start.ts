/** Starts whoever a scenario names. */
import type { Bench } from '../bench.ts'
import type { Contestant, Way } from './contestant.ts'
import { startFlashlane } from './flashlane.ts'
import { startPeer } from './peer.ts'

export const STOCK = 1_000_000_000

export const start = (
  bench: Bench,
  way: Way,
  { products, lanes }: { products: number; lanes?: string },
): Promise<Contestant> =>
  way === 'flashlane'
    ? startFlashlane(bench, { products, stock: STOCK, ...(lanes ? { lanes } : {}) })
    : startPeer(bench, way, { products, stock: STOCK })
