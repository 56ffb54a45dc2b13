/** What an audit keeps in memory follows what is alive at one time, not how long the journal is. */
import type { Command, PaymentEvent } from '@flashlane/core'
import {
  anExpireDue,
  anId,
  aPayment,
  aPlaceHold,
  aPlaceOrder,
  PRODUCT_ID,
} from '@flashlane/core/builders.ts'
import { setImmediate as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { audit } from './audit.ts'
import { booksOf, makeHistory } from './history.ts'

const ENTRIES = 400
const COMMANDS = 100
const GROWTH_BYTES_MAX = 8_000_000

/** Each entry: forty holds, thirty orders for those of the entry before, twenty-five payments, and what runs out. */
function aLongSale() {
  const history = makeHistory({ stockTotal: 1_000_000 })
  const events = new Map<string, PaymentEvent>()
  let number = 1
  let holds: string[] = []
  let orders: string[] = []
  let left: string[] = []
  for (let entry = 1; entry < ENTRIES; entry++) {
    history.wait(1_000)
    const now = history.now()
    const x = () => ({ ...now, commandId: anId('cmd', ++number) })
    const placed = Array.from({ length: 45 }, () => {
      const head = x()
      return aPlaceHold({
        ...head,
        holdId: anId('hold', number),
        customerRef: `c${number}`,
        ttlMs: 3_000,
      })
    })
    const ordered = holds.slice(0, 30).map((holdId) => {
      const head = x()
      return aPlaceOrder(holdId, {
        ...head,
        orderId: anId('ord', number),
        paymentRef: `pi_${number}`,
      })
    })
    const paid = orders
      .slice(0, COMMANDS - 76)
      .map((orderId) => aPayment('succeeded', { ...x(), orderId }))
    const due = anExpireDue(left, now.acceptedAtMs, x())
    const commands: Command[] = [...placed, ...ordered, ...paid, due]
    while (commands.length < COMMANDS) commands.push(anExpireDue([], now.acceptedAtMs, x()))
    history.apply(...commands)
    // None of them waits for anything: looking through all of them for each order would take minutes.
    for (const [id, event] of history.state.events) events.set(id, event)
    history.state.events.clear()
    left = [...left.slice(-60), ...holds.slice(30)]
    holds = placed.map(({ holdId }) => holdId)
    orders = ordered.map(({ orderId }) => orderId)
  }
  for (const [id, event] of events) history.state.events.set(id, event)
  return history
}

test('forty thousand commands need no more memory than four thousand', {
  timeout: 180_000,
}, async () => {
  const history = aLongSale()
  const books = booksOf(history)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used: number[] = []
  const measured = {
    ...books,
    entries: async (...asked: Parameters<typeof books.entries>) => {
      if (asked[1].afterSeq >= (used.length + 1) * (ENTRIES / 10)) {
        collect()
        used.push(process.memoryUsage().heapUsed)
      }
      return books.entries(...asked)
    },
  }

  const report = await audit(measured, { productId: PRODUCT_ID, pause })

  expect(report.violations).toEqual([])
  expect(report.checkers[1]?.looked).toMatchObject({
    entries: ENTRIES,
    'commands decided again': (ENTRIES - 1) * COMMANDS + 1,
  })
  const [first = 0, ...later] = used
  expect(later.length).toBeGreaterThan(7)
  expect(Math.max(...later) - first).toBeLessThan(GROWTH_BYTES_MAX)
})
