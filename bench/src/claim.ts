/** A claim: one figure beside another, and the bar that their ratio has to clear. */
import { median, quartiles, spread } from './statistics.ts'

export type Bar = { readonly atLeast: number } | { readonly atMost: number }

export type Unit = '/s' | 'ms' | 'MB' | '% of a core'

/** What Flashlane reached is compared with: the ceiling, or a peer. */
export type Other = {
  readonly kind: 'ceiling' | 'peer'
  readonly name: string
  readonly values: readonly number[]
}

export type Claim = {
  readonly scenario: string
  readonly what: string
  readonly values: readonly number[]
  readonly unit: Unit
  /** Null where the figure itself is judged. */
  readonly other: Other | null
  readonly bar: Bar
}

export type Verdict = 'pass' | 'short' | 'unclear' | 'wrong'

export type Judged = Claim & {
  readonly figure: number
  readonly otherFigure: number | null
  /** The median over the rounds of the figure over the other's; of the figure itself without one. */
  readonly ratio: number
  /** Of the rounds' ratios. */
  readonly spread: number | null
  readonly verdict: Verdict
}

/** Past this the machine did something else meanwhile. */
export const NOISE_MAX = 0.15

/**
 * What is measured one after the other is compared round by round, since the machine is not as quick in each. `noise` is
 * the ceiling's own spread: it does no work of its own, so it shows the machine's. Where that is too much, a bar that lies
 * among the middle half of the rounds is neither cleared nor missed. A wrong answer is no figure at all.
 */
export function judge(
  claim: Claim,
  { noise, faults }: { noise: number | null; faults: readonly string[] },
): Judged {
  const figure = median(claim.values)
  const otherFigure = claim.other ? median(claim.other.values) : null
  const rounds = ratiosOf(claim)
  const ratio = median(rounds)
  return {
    ...claim,
    figure,
    otherFigure,
    ratio,
    spread: spread(rounds),
    verdict: faults.length > 0 ? 'wrong' : verdictOf(rounds, claim.bar, noise),
  }
}

function ratiosOf({ values, other }: Claim): readonly number[] {
  if (!other) return values
  const { values: others } = other
  const usual = median(others)
  const isPaired = others.length === values.length
  return values.map((value, round) => value / (isPaired ? (others[round] ?? usual) : usual))
}

function verdictOf(rounds: readonly number[], bar: Bar, noise: number | null): Verdict {
  const ratio = median(rounds)
  const [lower, upper] = quartiles(rounds)
  const limit = 'atLeast' in bar ? bar.atLeast : bar.atMost
  if (noise !== null && noise > NOISE_MAX && lower < limit && limit < upper) return 'unclear'
  const clears = 'atLeast' in bar ? ratio >= limit : ratio <= limit
  return clears ? 'pass' : 'short'
}
