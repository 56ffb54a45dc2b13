/** P10: everything is sold, and everybody still comes. */
import type { Bench } from '../bench.ts'
import { describe, flashlaneMemory, HOLD } from '../contest.ts'
import type { Contestant } from '../contestants/contestant.ts'
import { startFlashlane } from '../contestants/flashlane.ts'
import { startPeer } from '../contestants/peer.ts'
import { type Cell, inTurn } from '../in-turn.ts'
import type { Run } from '../load/wrk.ts'
import { type Faults, measure } from '../measure.ts'
import { runWrk } from '../load/wrk.ts'
import type { Section } from '../section.ts'

const CROWD = 256
const STOCK = 200

export async function soldOut(bench: Bench): Promise<Section> {
  const { plan, say } = bench
  const [flashlane, noop] = await Promise.all([
    startFlashlane(bench, { products: 1, stock: STOCK }),
    startPeer(bench, 'noop', { products: 1, stock: 0 }),
  ])
  const faults: Faults = []
  // A refusal may be the right one or not: here every answer is looked at, the ceiling's too.
  const load = { ...HOLD, clients: CROWD, statuses: true }
  // The crowd that buys the last unit: exactly the stock is granted, not one more.
  const rush = await runWrk({ ...load, url: flashlane.url, seconds: plan.warmSeconds })
  const granted = await flashlane.granted()
  if (granted !== STOCK || rush.granted > STOCK)
    faults.push(`of ${STOCK} units ${granted} were granted, and ${rush.granted} promised`)
  await measure(noop, { ...load, seconds: plan.warmSeconds }, { faults })

  const cell = (contestant: Contestant, expected: 'granted' | 'refused'): Cell<Run> => ({
    key: contestant.way,
    async measure() {
      const run = await measure(
        contestant,
        { ...load, seconds: plan.seconds },
        { faults, expected },
      )
      say(`${contestant.way}, ${expected}: ${describe(run)}`)
      return run
    },
  })
  const results = await inTurn(plan.rounds, [cell(noop, 'granted'), cell(flashlane, 'refused')])
  faults.push(...(await flashlane.audit()))
  const memory = flashlaneMemory(flashlane)
  await Promise.all([flashlane.stop(), noop.stop()])
  const rates = (key: string) => results.of(key).map((run) => run.perSecond)
  return {
    title: 'Sold out',
    claims: [
      {
        scenario: 'P10',
        what: `refusals of a product that is sold out, ${CROWD} clients`,
        values: rates('flashlane'),
        unit: '/s',
        other: { kind: 'ceiling', name: 'no-op', values: rates('noop') },
        bar: { atLeast: 0.8 },
      },
    ],
    ceiling: rates('noop'),
    memory,
    faults,
    notes: [],
  }
}
