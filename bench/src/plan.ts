/** How much is measured: enough to judge, or just enough to see that everything works. */
import type { BenchOptions } from '../../scripts/bench-options.mjs'

export type Plan = {
  readonly quick: boolean
  /** Short and many, so that what is compared is measured close together. */
  readonly rounds: number
  readonly seconds: number
  /** Of what takes a minute each. */
  readonly longRounds: number
  readonly warmSeconds: number
  /** Holds that are in the table at each step of the growth. */
  readonly growth: readonly number[]
  /** Commands that wait in a lane. */
  readonly backlog: number
  readonly idleSeconds: number
  /** Requests a second, for latencies under an even load. */
  readonly rates: readonly number[]
  /** Peers that no bar names are measured too, for the charts. */
  readonly allWays: boolean
}

const full: Plan = {
  quick: false,
  rounds: 7,
  seconds: 3,
  longRounds: 3,
  warmSeconds: 3,
  growth: [1_000_000, 2_500_000, 5_000_000],
  backlog: 200_000,
  idleSeconds: 10,
  rates: [400, 4_000],
  allWays: true,
}

const quick: Plan = {
  quick: true,
  rounds: 1,
  seconds: 1,
  longRounds: 1,
  warmSeconds: 1,
  growth: [100_000],
  backlog: 10_000,
  idleSeconds: 4,
  rates: [400],
  allWays: false,
}

export function planOf(options: Pick<BenchOptions, 'quick' | 'rounds' | 'seconds'>): Plan {
  const plan = options.quick ? quick : full
  const rounds = options.rounds ?? plan.rounds
  return {
    ...plan,
    rounds,
    longRounds: Math.min(rounds, plan.longRounds),
    seconds: options.seconds ?? plan.seconds,
  }
}
