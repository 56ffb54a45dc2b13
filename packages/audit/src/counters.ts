/** C1, conservation: what a product's counters do is what its holds and orders do, and nothing is ever oversold. */
import { available, type Change, type Order, type Product } from '@flashlane/core'
import { type Findings, ofProduct, type Place } from './findings.ts'

/** What the tables have of a product's holds and orders. */
export type Sums = {
  readonly activeUnits: number
  readonly pendingUnits: number
  readonly soldUnits: number
}

export type Counters = ReturnType<typeof createCounters>

/** `kept` are units of orders that were given back and stay sold, before what is checked. */
export function createCounters(findings: Findings, { kept: keptBefore }: { kept: number }) {
  let kept = keptBefore

  return {
    kept: () => kept,

    /** Of one command: `before` is null where it makes the product. */
    check(changes: readonly Change[], place: Place, before: Product | null): void {
      findings.look('C1', 'versions of the counters')
      const moved = { held: 0, sold: 0, refunded: 0 }
      let after = before
      for (const change of changes) {
        if (change.entity === 'product') after = change.after
        addMove(moved, change)
      }
      if (!after) return
      checkOversold(findings, after, place)
      const held = after.held - (before?.held ?? 0)
      if (held !== moved.held) {
        findings.blame('C1', place, `held moves by ${held}, its holds and orders by ${moved.held}`)
      }
      // A refunded order gives its units back or keeps them, as the refund asked.
      const stay = after.sold - (before?.sold ?? 0) - moved.sold
      if (stay < 0 || stay > moved.refunded) {
        findings.blame(
          'C1',
          place,
          `sold moves by ${moved.sold + stay}, its orders by ${moved.sold}`,
        )
      } else kept += stay
    },

    /** The last version against the row, and both against what the tables have. */
    checkLast(last: Product, row: Product, sums: Sums): void {
      const place = ofProduct(last.productId)
      for (const counter of ['stockTotal', 'held', 'sold'] as const) {
        if (row[counter] !== last[counter]) {
          const says = `the product's row says ${counter} ${row[counter]}`
          findings.blame('C1', place, `${says}, the journal ${last[counter]}`)
        }
      }
      checkOversold(findings, row, place)
      const held = sums.activeUnits + sums.pendingUnits
      if (row.held !== held) {
        const are = `${sums.activeUnits} in active holds and ${sums.pendingUnits} in pending orders`
        findings.blame('C1', place, `the product's row says held ${row.held}, but there are ${are}`)
      }
      if (row.sold !== sums.soldUnits + kept) {
        const are = `${sums.soldUnits} in paid and confirmed orders and ${kept} refunded but kept`
        findings.blame('C1', place, `the product's row says sold ${row.sold}, but there are ${are}`)
      }
    },
  }
}

function checkOversold(findings: Findings, product: Product, place: Place): void {
  const free = available(product)
  if (free >= 0 && product.held >= 0 && product.sold >= 0) return
  const { stockTotal, held, sold } = product
  const are = `held ${held}, sold ${sold} and available ${free} of ${stockTotal}`
  findings.blame('C1', place, `oversold: ${are}`)
}

function addMove(moved: { held: number; sold: number; refunded: number }, change: Change): void {
  if (change.entity === 'hold') {
    const { before, after } = change
    if (before?.status === 'active') moved.held -= before.quantity
    if (after.status === 'active') moved.held += after.quantity
  }
  if (change.entity === 'order') {
    const { before, after } = change
    const was = unitsOf(before)
    const is = unitsOf(after)
    moved.held += is.held - was.held
    moved.sold += is.sold - was.sold
    if (after.status === 'refunded' && before?.status !== 'refunded') {
      moved.refunded += after.quantity
    }
  }
}

/** Which counter an order's units stand in. An order takes them over from its hold. */
export function unitsOf(order: Order | null): { held: number; sold: number } {
  const held = order?.status === 'pending' ? order.quantity : 0
  const isSold = order?.status === 'paid' || order?.status === 'confirmed'
  return { held, sold: isSold ? order.quantity : 0 }
}
