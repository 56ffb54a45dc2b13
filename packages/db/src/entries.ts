/** The journal's entries of batches that share a transaction. */
import type { Decided, State } from '@flashlane/core'
import { type Entry, entryOf } from './journal.ts'
import type { Numbered } from './recorded.ts'

export type Head = { readonly batchId: string; readonly productIds: readonly number[] }

type Batches = {
  readonly heads: readonly Head[]
  readonly state: State
  readonly decided: readonly (readonly Decided[])[]
}

/** Of a batch, its entry for each product: that product's version rose by one with each batch that has it, of which some came later. */
export function entriesOf(at: number, { heads, state, decided }: Batches): Entry[] {
  const numbered = (decided[at] ?? []).map((each, n): Numbered => ({ n, decided: each }))
  const byProduct = Map.groupBy(numbered, (each) => each.decided.command.productId)
  return [...byProduct].flatMap(([productId, commands]) => {
    const product = state.products.get(productId)
    const batchId = heads[at]?.batchId
    const [first] = commands
    if (!product || batchId === undefined || !first) return []
    let seq = product.version
    for (let later = at + 1; later < heads.length; later++) {
      if (decided[later]?.length && heads[later]?.productIds.includes(productId)) seq--
    }
    const { appliedAtMs } = first.decided
    return [entryOf({ productId, seq, batchId, appliedAtMs }, commands)]
  })
}
