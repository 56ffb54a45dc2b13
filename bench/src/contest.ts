/** Several contestants under the same load, in turn: what most scenarios are. */
import { type Ask, askForHold, unlike } from './alike.ts'
import type { Bench } from './bench.ts'
import { type Contestant, memoryOf, type Way, WAYS } from './contestants/contestant.ts'
import { start } from './contestants/start.ts'
import { type Cell, inTurn, type Results } from './in-turn.ts'
import type { Load, Run } from './load/wrk.ts'
import { type Faults, type Measured, measure } from './measure.ts'
import type { ProcessorUs } from './proc.ts'
import { MEMORY_MB_MAX, type Memory } from './section.ts'
import { median } from './statistics.ts'

export type Field = {
  readonly contestants: ReadonlyMap<Way, Contestant>
  readonly faults: Faults
}

export const HOLD = { method: 'POST', path: '/api/holds' } as const

export const keyOf = (way: Way, clients: number): string =>
  `${WAYS[way]}, ${clients} ${clients === 1 ? 'client' : 'clients'}`

type Entrants = {
  readonly ways: readonly Way[]
  readonly products?: number
  readonly lanes?: string
  /** For what they are to answer alike. */
  readonly ask?: Ask
}

/** Starts them, sees that they answer alike, lets `work` measure, looks into everybody's books, and ends them. */
export async function contest<T>(
  bench: Bench,
  { ways, products = 1, lanes, ask = askForHold }: Entrants,
  work: (field: Field) => Promise<T>,
): Promise<{ result: T; memory: readonly Memory[]; faults: Faults }> {
  const started = await Promise.all(
    ways.map((way) => start(bench, way, { products, ...(lanes ? { lanes } : {}) })),
  )
  const contestants = new Map(started.map((each) => [each.way, each]))
  const flashlane = contestants.get('flashlane')
  const peers = started.filter(({ way }) => way !== 'flashlane')
  const faults: Faults = flashlane ? await unlike(flashlane, peers, ask) : []
  const result = await work({ contestants, faults })
  const memory = started.filter(({ way }) => way === 'flashlane').flatMap(flashlaneMemory)
  for (const each of started) {
    const wrong = await each.audit()
    faults.push(...wrong.map((fault) => `${WAYS[each.way]}: ${fault}`))
  }
  await Promise.all(started.map((each) => each.stop()))
  return { result, memory, faults }
}

export const flashlaneMemory = (contestant: Contestant): Memory[] =>
  Object.entries(memoryOf(contestant)).map(([process, mb]) => ({
    process,
    mb,
    mbMax: MEMORY_MB_MAX,
  }))

export type Pairing = { readonly way: Way; readonly clients: number }

/** Holds by each pairing in turn, after everybody has warmed up. */
export async function measureHolds(
  { plan, say }: Bench,
  field: Field,
  { pairings, load = {} }: { pairings: readonly Pairing[]; load?: Partial<Load> },
): Promise<Results<Measured>> {
  const run = (way: Way, clients: number, rest: { seconds: number; statuses?: boolean }) =>
    measure(contestantOf(field, way), { ...HOLD, ...load, clients, ...rest }, field)
  for (const way of new Set(pairings.map((each) => each.way))) {
    const most = Math.max(...pairings.filter((each) => each.way === way).map((p) => p.clients))
    await run(way, most, { seconds: plan.warmSeconds, statuses: true })
  }
  return inTurn(
    plan.rounds,
    pairings.map(
      ({ way, clients }): Cell<Measured> => ({
        key: keyOf(way, clients),
        async measure() {
          const measured = await run(way, clients, { seconds: plan.seconds })
          say(`${keyOf(way, clients)}: ${describe(measured)}`)
          return measured
        },
      }),
    ),
  )
}

export function contestantOf(field: Field, way: Way): Contestant {
  const contestant = field.contestants.get(way)
  if (!contestant) throw new Error(`${WAYS[way]} was not started`)
  return contestant
}

export const describe = ({ perSecond, latencyMs }: Run): string =>
  `${Math.round(perSecond).toLocaleString('en')}/s, median ${latencyMs.p50.toFixed(1)} ms`

/** A note: medians of each process over the rounds. */
export function processorNote(piece: string, who: string, rounds: readonly ProcessorUs[]): string {
  const us = (name: string) => median(rounds.map((round) => round[name] ?? 0))
  const names = Object.keys(rounds[0] ?? {})
  const times = names.map((name) => `${name} ${Math.round(us(name))} µs`)
  return `processor time a ${piece}, ${who}: ${times.join(', ')}`
}

export const processorNotes = (
  results: Results<Measured>,
  pairings: readonly Pairing[],
): string[] =>
  pairings.map(({ way, clients }) => {
    const who = keyOf(way, clients)
    const rounds = results.of(who).map((run) => run.processorUs)
    return processorNote('hold', who, rounds)
  })

export const perSecond = (runs: readonly Run[]): number[] => runs.map((run) => run.grantedPerSecond)
export const medians = (runs: readonly Run[]): number[] => runs.map((run) => run.latencyMs.p50)
