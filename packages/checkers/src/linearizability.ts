/** C5: outcomes and reads are in the order of their places, (seq, index), as if each had happened in one instant of its time. */
import { type Entry, type Place, show } from '@flashlane/audit'
import type { Operation } from './history.ts'
import type { Walker } from './journal.ts'
import { createRealTime } from './real-time.ts'
import type { RunFindings } from './run.ts'
import { endOf, nameOf, type Sent } from './sent.ts'

/** A product's counters, as reads show them. */
const COUNTERS = { held: 'held', sold: 'sold', stock_total: 'stockTotal' } as const

type Item = { readonly t0: number; readonly t1: number; readonly operation: Operation }

export function createLinearizability(findings: RunFindings, sent: Sent): Walker {
  const seen = new Set<Operation>()
  let productId: number | null = null
  let counters = new Map<string, unknown>()
  let time = createRealTime<Item>()

  function blameReversals(place: Place, together: readonly Item[]): void {
    for (const { early, late } of time.take(together)) {
      const [before, after] = [nameOf(late.operation), nameOf(early.operation)]
      const sentence = `${after} stands behind ${before}, and was over before that began`
      findings.blame('C5', place, sentence)
    }
  }

  /** What the entry says of the product's counters: only those that changed, or all of a new product. */
  function count({ commands }: Entry): void {
    for (const { command, changes } of commands) {
      if (command.type === 'CreateProduct') {
        counters = new Map<string, unknown>([
          ['held', 0],
          ['sold', 0],
          ['stockTotal', command.stockTotal],
        ])
      }
      for (const { entity, after } of changes) {
        if (entity !== 'product') continue
        for (const name of Object.values(COUNTERS)) {
          if (name in after) counters.set(name, after[name])
        }
      }
    }
  }

  function checkRead(place: Place, read: Operation): void {
    for (const [shown, counter] of Object.entries(COUNTERS)) {
      const [is, should] = [read.result?.[shown] ?? null, counters.get(counter)]
      // A shop may hide them.
      if (is === null || is === should) continue
      const what = `${shown} ${show(is)}, which was ${show(should)} then`
      findings.blame('C5', place, `${nameOf(read)} shows ${what}`)
    }
  }

  return {
    take(entry) {
      if (entry.productId !== productId) {
        productId = entry.productId
        counters = new Map()
        time = createRealTime()
      }
      const { seq } = entry
      for (const [index, { command }] of entry.commands.entries()) {
        const operation = sent.attempt(command.requestId)
        if (!operation) continue
        findings.look('C5', 'operations')
        const item = { t0: operation.t0, t1: endOf(operation), operation }
        blameReversals({ productId, seq, index }, [item])
      }
      count(entry)
      const reads = sent.reads(entry.productId, seq)
      const place = { productId, seq, index: null }
      for (const read of reads) {
        seen.add(read)
        findings.look('C5', 'reads')
        checkRead(place, read)
      }
      blameReversals(
        place,
        reads.map((operation) => ({ t0: operation.t0, t1: operation.t1, operation })),
      )
    },
    end() {
      for (const read of sent.all) {
        if (read.op !== 'read' || read.kind !== 'ok' || seen.has(read)) continue
        const version = show(read.result?.['version'])
        const place = { productId: read.product, seq: null, index: null }
        findings.blame('C5', place, `${nameOf(read)} shows version ${version}, which never was`)
      }
    },
  }
}
