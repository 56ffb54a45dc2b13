/** P6: one client alone, and beside it what an even load of many clients waits. */
import type { Bench } from '../bench.ts'
import type { Claim } from '../claim.ts'
import {
  contest,
  contestantOf,
  type Field,
  keyOf,
  measureHolds,
  medians,
  perSecond,
  processorNotes,
} from '../contest.ts'
import { type Way, WAYS } from '../contestants/contestant.ts'
import { type Cell, inTurn } from '../in-turn.ts'
import { runConstantRate } from '../load/client.ts'
import type { Percentiles } from '../load/wrk.ts'
import type { Latency, Section } from '../section.ts'
import { median } from '../statistics.ts'

const CONNECTIONS = 512
/** Past this, those who commit for each hold would only show how long the run was. */
const SLOW_RATE_MAX = 1_000
const SLOW: ReadonlySet<Way> = new Set(['for-update', 'conditional-update'])

const MEDIAN_MS_MAX = 2.5
const TIMES_MAX = 2.2

export async function lowLoad(bench: Bench): Promise<Section> {
  const ways: Way[] = ['noop', 'flashlane', 'for-update', ...(bench.plan.allWays ? MORE : [])]
  const { result, memory, faults } = await contest(bench, { ways }, async (field) => {
    const alone = ways.map((way) => ({ way, clients: 1 }))
    const runs = await measureHolds(bench, field, { pairings: alone })
    return { runs, latency: await measureRates(bench, field) }
  })
  const runs = (way: Way) => result.runs.of(keyOf(way, 1))
  const head = {
    scenario: 'P6',
    what: 'median of a hold, one client',
    values: medians(runs('flashlane')),
    unit: 'ms',
  } as const
  const claims: Claim[] = [
    { ...head, other: null, bar: { atMost: MEDIAN_MS_MAX } },
    {
      ...head,
      other: { kind: 'peer', name: WAYS['for-update'], values: medians(runs('for-update')) },
      bar: { atMost: TIMES_MAX },
    },
  ]
  return {
    title: 'One client, and an even load',
    claims,
    ceiling: perSecond(runs('noop')),
    memory,
    faults,
    notes: processorNotes(result.runs, [{ way: 'flashlane', clients: 1 }]),
    latency: result.latency,
  }
}

const MORE: readonly Way[] = ['redis-lua', 'conditional-update']

/** Each way at each rate that it can bear, in turn; medians of the percentiles. */
async function measureRates({ plan, say }: Bench, field: Field): Promise<readonly Latency[]> {
  const pairs = plan.rates.flatMap((rate) =>
    [...field.contestants.keys()]
      .filter((way) => rate <= SLOW_RATE_MAX || !SLOW.has(way))
      .map((way) => ({ way, rate })),
  )
  const nameOf = ({ way, rate }: { way: Way; rate: number }) => `${WAYS[way]}, ${rate}/s evenly`
  const results = await inTurn(
    plan.rounds,
    pairs.map(
      ({ way, rate }): Cell<Percentiles> => ({
        key: nameOf({ way, rate }),
        async measure() {
          const { latencyMs } = await runEvenly(field, { way, rate, seconds: plan.seconds })
          const { p50, p99 } = latencyMs
          say(`${nameOf({ way, rate })}: median ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms`)
          return latencyMs
        },
      }),
    ),
  )
  return pairs.map(({ way, rate }) => ({
    way,
    rate,
    latencyMs: medianOf(results.of(nameOf({ way, rate }))),
  }))
}

/** Every answer is read here, and none is cut off: what was granted is exactly what the books say. */
async function runEvenly(
  field: Field,
  { way, rate, seconds }: { way: Way; rate: number; seconds: number },
) {
  const contestant = contestantOf(field, way)
  const before = await contestant.granted()
  const result = await runConstantRate({
    url: contestant.url,
    rate,
    seconds,
    warmSeconds: 1,
    connections: CONNECTIONS,
  })
  const after = await contestant.granted()
  if (result.wrong.length > 0)
    field.faults.push(`${WAYS[way]}, ${rate}/s evenly: ${result.wrong.join('; ')}`)
  if (before !== null && after !== null && after - before !== result.granted)
    field.faults.push(
      `${WAYS[way]}, ${rate}/s evenly: ${result.granted} holds were answered, ${after - before} made`,
    )
  return result
}

const medianOf = (rounds: readonly Percentiles[]): Percentiles => ({
  p50: median(rounds.map((each) => each.p50)),
  p90: median(rounds.map((each) => each.p90)),
  p99: median(rounds.map((each) => each.p99)),
  p999: median(rounds.map((each) => each.p999)),
})
