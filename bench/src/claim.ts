/** A claim: one figure beside another, and the bar that their ratio has to clear. */
import { median, spread } from './statistics.ts'

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
  /** The figure over the other's; the figure itself without one. */
  readonly ratio: number
  readonly spread: number | null
  readonly verdict: Verdict
}

/** Past this the machine did something else meanwhile. */
export const NOISE_MAX = 0.15

/**
 * `noise` is the ceiling's own spread over the rounds: it does no work of its own, so it shows the machine's. Where that is
 * too much, a ratio within it of the bar is neither cleared nor missed. A wrong answer is no figure at all.
 */
export function judge(
  claim: Claim,
  { noise, faults }: { noise: number | null; faults: readonly string[] },
): Judged {
  const figure = median(claim.values)
  const otherFigure = claim.other ? median(claim.other.values) : null
  const ratio = otherFigure === null ? figure : figure / otherFigure
  return {
    ...claim,
    figure,
    otherFigure,
    ratio,
    spread: spread(claim.values),
    verdict: faults.length > 0 ? 'wrong' : verdictOf(ratio, claim.bar, noise),
  }
}

function verdictOf(ratio: number, bar: Bar, noise: number | null): Verdict {
  const limit = 'atLeast' in bar ? bar.atLeast : bar.atMost
  const isClose = Math.abs(ratio / limit - 1) <= (noise ?? 0)
  if (noise !== null && noise > NOISE_MAX && isClose) return 'unclear'
  const clears = 'atLeast' in bar ? ratio >= limit : ratio <= limit
  return clears ? 'pass' : 'short'
}
