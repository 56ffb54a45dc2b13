import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { seen } from './claim.ts'
import { makeSale } from './sale.ts'
import { step } from './steps.ts'

/** A longer search: FLASHLANE_RUNS=20000 npm test -- unit. fast-check prints the seed of what it finds. */
const RUNS = Number(process.env['FLASHLANE_RUNS'] ?? 800)
const LONGEST_MS = 150 * RUNS

/** What the search is worth: it has to come by all of these. */
const REACHED = `
  hold active ordered, hold active released, hold active expired,
  order born pending, order born confirmed, order born paid, order born cancelled,
  order born refunded, order pending paid, order pending cancelled, order pending expired,
  order confirmed paid, order confirmed cancelled, order confirmed refunded, order paid refunded,
  order cancelled paid, order cancelled refund_due, order expired paid, order expired refund_due,
  order refund_due refunded,
  payment applied, payment duplicate, payment parked, payment ignored, payment late_retaken,
  payment refund_due, payment payment_mismatch, payment key_reused,
  insufficient_stock, hold_released, hold_expired, hold_used, hold_converted, order_paid,
  payment_ref_used, stock_below_committed,
  hold granted in part, hold replaces, hold replaces several, hold extended, extended hold expired,
  hold refused to replace insufficient_stock, hold refused to replace customer_limit,
  own hold expired to make room, customer above a limit that came later,
  order retaken of a counted customer, order at an older price, order by one whose hold had no name,
  customer_limit, customer_ref_required, quantity_above_limit, product_paused, sale_not_started,
  sale_ended, sale_window_empty, extend_limit, hold_not_found, refund_not_found,
  refund due sent, refund due done, refund sent done,
  repeat PlaceHold in part, repeat ExtendHold, repeat ChangeProduct, repeat SettleRefund`

test('whatever comes, in whatever order: never oversold, and no money is lost or counted twice', {
  timeout: LONGEST_MS,
}, () => {
  let applied = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 400, size: 'max' }), (steps) => {
      const sale = makeSale()
      for (const each of steps) sale.take(each)
      applied += sale.applied()
    }),
    { numRuns: RUNS },
  )

  expect(applied).toBeGreaterThan(125 * RUNS)
  expect([...seen.keys()]).toEqual(expect.arrayContaining(REACHED.trim().split(/,\s+/)))
})
