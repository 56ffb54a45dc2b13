/** All that is known of a run: what the checkers look at. */
import type { Books, Findings, Report } from '@flashlane/audit'
import type { History } from './history.ts'
import type { Ledger } from './ledger.ts'
import type { Recovery } from './recovery.ts'
import type { Series } from './series.ts'

/** C1 and C2 are those of packages/audit, and the halves of C7 and C8 that need neither provider nor clients. */
export const CHECKERS = {
  C1: 'conservation: nothing is oversold, and the sums are right',
  C2: 'replay: the journal, decided again, gives the same',
  C3: 'exactly once: what was answered stands in the journal once, and nothing else does',
  C4: 'agreement: every answer and every poll tells what the journal has',
  C5: 'linearizability: outcomes and reads are in the order of their places',
  C6: 'order: what was acknowledged first took effect first',
  C7: 'money: every captured payment is a sale or a refund',
  C8: 'deadlines: a hold ends once, none too early, and no timer beats what was accepted in time',
  C9: 'liveness: after every fault all went on within its budget',
  C10: 'leaks: nothing grows',
} as const

export type Checker = keyof typeof CHECKERS

export type Run = {
  readonly history: History
  /** Asked when all is healed and drained: the provider has been answered about everything. */
  readonly books: Books
  readonly ledger?: Ledger
  readonly recoveries?: readonly Recovery[]
  /** Budgets are multiplied by it: for a machine that does other things besides. */
  readonly patience?: number
  readonly series?: readonly Series[]
  /** Redis lost what it had acknowledged: commands that were answered 202 may have come later than others, after a deadline, or never. */
  readonly lostRedis?: boolean
  /** Lets others have their turn. */
  pause(): Promise<void>
}

/** Like an audit's, of ten checkers. */
export type RunReport = Report<Checker>

/** What a checker tells. */
export type RunFindings = Findings<Checker>
