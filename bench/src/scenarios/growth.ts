/** P8: the same throughput with millions of holds in the table, and with hundreds of thousands of commands in the lane. */
import type { Bench } from '../bench.ts'
import type { Claim } from '../claim.ts'
import { describe, flashlaneMemory, HOLD, perSecond } from '../contest.ts'
import { type Flashlane, startFlashlane } from '../contestants/flashlane.ts'
import { STOCK } from '../contestants/start.ts'
import { type Cell, inTurn } from '../in-turn.ts'
import type { Run } from '../load/wrk.ts'
import { type Faults, measure } from '../measure.ts'
import { fullLane } from './full-lane.ts'
import { addOldHolds, type IdOrder } from '../old-holds.ts'
import type { Growth, Memory, Section } from '../section.ts'
import { median } from '../statistics.ts'

const CROWD = 256
const BAR = { atLeast: 0.9 }
const SALE = { products: 1, stock: STOCK }

export async function growth(bench: Bench): Promise<Section> {
  const parts = [
    await fullTable(bench, 'in the order of time'),
    await fullTable(bench, 'at random'),
    await fullLane(bench),
  ]
  return {
    title: 'Growth',
    claims: parts.flatMap(({ claims }) => claims),
    // Flashlane beside itself: an empty one is what a full one is measured by.
    ceiling: parts[0]?.claims[0]?.other?.values ?? [],
    memory: parts.flatMap(({ memory }) => memory),
    faults: parts.flatMap(({ faults }) => faults),
    notes: [],
    growth: parts.flatMap(({ points }) => points),
  }
}

export type Part = {
  readonly claims: readonly Claim[]
  readonly memory: readonly Memory[]
  readonly faults: readonly string[]
  readonly points: readonly Growth[]
}

/** One Flashlane with an empty table beside one whose table grows. Keyed requests, where the ids are at random. */
async function fullTable(bench: Bench, order: IdOrder): Promise<Part> {
  const { plan, say } = bench
  let rows = 0
  const empty = await startFlashlane(bench, SALE)
  const full = await startFlashlane(bench, { ...SALE, foreignHolds: () => rows })
  const faults: Faults = []
  const load = { ...HOLD, clients: CROWD, keyed: order === 'at random' }
  const run = (flashlane: Flashlane, seconds: number) =>
    measure(flashlane, { ...load, seconds }, { faults })
  await run(empty, plan.warmSeconds)

  const points: Growth[] = []
  let claims: readonly Claim[] = []
  for (const size of plan.growth) {
    say(`filling the table with ${size.toLocaleString('en')} holds, ids ${order}`)
    await addOldHolds(full.pool, { from: rows, to: size, order })
    rows = size
    await run(full, plan.warmSeconds)
    const cell = (key: string, flashlane: Flashlane): Cell<Run> => ({
      key,
      async measure() {
        const measured = await run(flashlane, plan.seconds)
        say(`${key}: ${describe(measured)}`)
        return measured
      },
    })
    const results = await inTurn(plan.rounds, [
      cell(`ids ${order}, empty table`, empty),
      cell(`ids ${order}, ${size.toLocaleString('en')} holds`, full),
    ])
    const none = perSecond(results.of(`ids ${order}, empty table`))
    const many = perSecond(results.of(`ids ${order}, ${size.toLocaleString('en')} holds`))
    if (points.length === 0) points.push({ ids: order, rows: 0, perSecond: median(none) })
    points.push({ ids: order, rows: size, perSecond: median(many) })
    claims = [
      {
        scenario: 'P8',
        what: `holds with ${size.toLocaleString('en')} in the table, ids ${order}`,
        values: many,
        unit: '/s',
        other: { kind: 'peer', name: 'with none', values: none },
        bar: BAR,
      },
    ]
  }
  faults.push(...(await empty.audit()), ...(await full.audit()))
  const memory = flashlaneMemory(full)
  await Promise.all([empty.stop(), full.stop()])
  return { claims, memory, faults, points }
}
