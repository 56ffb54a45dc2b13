/** P1, P2 and P3: one hot product, and everybody who could sell it. */
import type { ScenarioId } from '../../../scripts/bench-options.mjs'
import type { Bench } from '../bench.ts'
import type { Claim } from '../claim.ts'
import {
  contest,
  keyOf,
  measureHolds,
  type Pairing,
  perSecond,
  processorNotes,
} from '../contest.ts'
import { type Way, WAYS } from '../contestants/contestant.ts'
import type { Section } from '../section.ts'
import { median } from '../statistics.ts'

const CROWD = 256
const RUSH = 1_000
const CHART_CLIENTS = [64, CROWD, RUSH]

const NEEDED: Partial<Record<ScenarioId, readonly Pairing[]>> = {
  P1: [
    { way: 'noop', clients: CROWD },
    { way: 'flashlane', clients: CROWD },
    { way: 'for-update', clients: CROWD },
  ],
  P2: [
    { way: 'noop', clients: RUSH },
    { way: 'flashlane', clients: RUSH },
  ],
  P3: [
    { way: 'noop', clients: CROWD },
    { way: 'redis-lua', clients: CROWD },
    { way: 'flashlane', clients: CROWD },
  ],
}

export async function hotProduct(bench: Bench, asked: readonly ScenarioId[]): Promise<Section> {
  const mine = asked.filter((id) => NEEDED[id])
  const pairings = pairingsFor(mine, bench.plan.allWays)
  const ways = [...new Set(pairings.map(({ way }) => way))]
  const { result, memory, faults } = await contest(bench, { ways }, (field) =>
    measureHolds(bench, field, { pairings }),
  )
  const rates = (way: Way, clients: number) => perSecond(result.of(keyOf(way, clients)))

  const against = (
    scenario: ScenarioId,
    clients: number,
    [other, atLeast]: [Way, number],
  ): Claim => ({
    scenario,
    what: `holds of one hot product, ${clients} clients`,
    values: rates('flashlane', clients),
    unit: '/s',
    other: {
      kind: other === 'noop' ? 'ceiling' : 'peer',
      name: WAYS[other],
      values: rates(other, clients),
    },
    bar: { atLeast },
  })
  const claims: Partial<Record<ScenarioId, () => Claim[]>> = {
    P1: () => [against('P1', CROWD, ['noop', 0.65]), against('P1', CROWD, ['for-update', 10])],
    P2: () => [against('P2', RUSH, ['noop', 0.8])],
    P3: () => [against('P3', CROWD, ['redis-lua', 0.9])],
  }
  return {
    title: 'One hot product',
    claims: mine.flatMap((id) => claims[id]?.() ?? []),
    ceiling: rates('noop', mine.includes('P1') || mine.includes('P3') ? CROWD : RUSH),
    memory,
    faults,
    notes: processorNotes(
      result,
      pairings.filter(({ way }) => way === 'noop' || way === 'flashlane'),
    ),
    throughput: pairings.map(({ way, clients }) => ({
      way,
      clients,
      perSecond: median(rates(way, clients)),
    })),
  }
}

/** With all three asked for and time enough, everybody at every crowd: the chart wants it. */
function pairingsFor(mine: readonly ScenarioId[], allWays: boolean): readonly Pairing[] {
  if (allWays && mine.length === Object.keys(NEEDED).length) {
    const ways = Object.keys(WAYS) as Way[]
    return CHART_CLIENTS.flatMap((clients) => ways.map((way) => ({ way, clients })))
  }
  const needed = mine.flatMap((id) => NEEDED[id] ?? [])
  return [...new Map(needed.map((each) => [keyOf(each.way, each.clients), each])).values()]
}
