/** What an audit looked at, and what it found: violations are values, with the place where the books part. */

/** The checkers, by the names that the promises are published under. */
export const CHECKERS = {
  C1: 'conservation: nothing is oversold, and the sums are right',
  C2: 'replay: the journal, decided again, gives the same',
  C7: 'money: every captured payment is a sale or a refund',
  C8: 'holds: each ends once, and none too early',
} as const

export type Checker = keyof typeof CHECKERS

/** Where in the journal; seq and index are null for what is no entry's. */
export type Place = {
  readonly productId: number | null
  readonly seq: number | null
  /** The command's, in its entry. */
  readonly index: number | null
}

export type Violation<Name extends string = Checker> = Place & {
  readonly checker: Name
  readonly sentence: string
}

export type CheckerReport<Name extends string = Checker> = {
  readonly checker: Name
  readonly claim: string
  /** How many of what were looked at. */
  readonly looked: Readonly<Record<string, number>>
  readonly violations: number
}

export type Report<Name extends string = Checker> = {
  readonly ok: boolean
  readonly checkers: readonly CheckerReport<Name>[]
  /** The first of each checker, VIOLATIONS_MAX at most. */
  readonly violations: readonly Violation<Name>[]
}

/** One broken thing may break thousands after it: the first tell. */
export const VIOLATIONS_MAX = 100

/** What a checker tells; the audit's own, or one of many. */
export type Findings<Name extends string = Checker> = {
  look(checker: Name, what: string, count?: number): void
  blame(checker: Name, place: Place, sentence: string): void
}

export const ofProduct = (productId: number): Place => ({ productId, seq: null, index: null })
export const NOWHERE: Place = { productId: null, seq: null, index: null }

/** `claims` are the checkers' names, each with what it is to show. */
export function createFindings<Name extends string>(
  claims: Readonly<Record<Name, string>>,
): Findings<Name> & { report(): Report<Name> } {
  const names = Object.keys(claims) as Name[]
  const looked = new Map(names.map((name) => [name, new Map<string, number>()]))
  const violations = new Map(
    names.map((name) => [name, { count: 0, kept: [] as Violation<Name>[] }]),
  )

  return {
    look(checker, what, count = 1) {
      const counts = looked.get(checker)
      counts?.set(what, (counts.get(what) ?? 0) + count)
    },
    blame(checker, { productId, seq, index }, sentence) {
      const found = violations.get(checker)
      if (!found) return
      found.count++
      if (found.kept.length < VIOLATIONS_MAX) {
        found.kept.push({ checker, productId, seq, index, sentence })
      }
    },
    report() {
      const checkers = names.map((checker) => ({
        checker,
        claim: claims[checker],
        looked: Object.fromEntries(looked.get(checker) ?? []),
        violations: violations.get(checker)?.count ?? 0,
      }))
      return {
        ok: checkers.every((each) => each.violations === 0),
        checkers,
        violations: names.flatMap((name) => violations.get(name)?.kept ?? []),
      }
    },
  }
}
