/**
 * The products that exist: no queue is made for any other. One that is not known is asked for once in MySQL, and the
 * answer that it is not there remembered for a second, so that nobody floods MySQL by asking for nothing.
 */
import { coalesce } from './coalesce.ts'

const UNKNOWN_FOR_MS = 1_000
const UNKNOWN_MAX = 10_000

type CatalogueDeps = {
  exists(productId: number): Promise<boolean>
  monotonicMs(): number
}

export type Catalogue = ReturnType<typeof createCatalogue>

export function createCatalogue({ exists, monotonicMs }: CatalogueDeps) {
  const known = new Set<number>()
  const unknownUntilMs = new Map<number, number>()
  const ask = coalesce(exists)

  async function lookUp(productId: number): Promise<boolean> {
    const untilMs = unknownUntilMs.get(productId)
    if (untilMs !== undefined && monotonicMs() < untilMs) return false
    if (await ask(productId)) {
      known.add(productId)
      unknownUntilMs.delete(productId)
      return true
    }
    // The oldest is forgotten first: insertion is the order of time.
    unknownUntilMs.delete(productId)
    unknownUntilMs.set(productId, monotonicMs() + UNKNOWN_FOR_MS)
    if (unknownUntilMs.size > UNKNOWN_MAX) {
      const [oldest] = unknownUntilMs.keys()
      if (oldest !== undefined) unknownUntilMs.delete(oldest)
    }
    return false
  }

  return {
    add(productId: number): void {
      known.add(productId)
    },
    /** Known at once for what was seen before: a product is never deleted. */
    has: (productId: number): boolean | Promise<boolean> =>
      known.has(productId) || lookUp(productId),
  }
}
