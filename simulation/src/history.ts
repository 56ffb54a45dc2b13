/** What clients and providers asked, and what they were told: the outside view that the checks hold against the inside. */
import type { Command, Outcome } from '@flashlane/core'
import type { Answer } from '@flashlane/api/dispatch/waiter.ts'

export type Operation = {
  readonly who: string
  readonly command: Command
  /** Repeated under its key until it is answered. */
  readonly isKeyed: boolean
  readonly startMs: number
  /** When its outcome was first known; null while it is not. */
  endMs: number | null
  /** When it was first told an outcome, or 202. */
  ackMs: number | null
  /** Outcomes told, each time it was asked. */
  readonly outcomes: Outcome[]
  /** What each asking was told, and when the process that told it had accepted it. */
  readonly told: { readonly acceptedAtMs: number; readonly kind: Answer['kind'] }[]
  isOver: boolean
}

export type Captured = {
  readonly reference: string
  readonly amount: number
  readonly currency: string
  /** Buyers of several orders name it. */
  readonly isShared: boolean
  /** The sum that the provider told, or tells, to have gone back. */
  givenBack: number
}

export type History = {
  readonly operations: Operation[]
  /** Events whose provider was told 2xx, and need tell no more. */
  readonly acknowledged: Set<string>
  /** The provider's own ledger. */
  readonly captured: Map<string, Captured>
}

export const createHistory = (): History => ({
  operations: [],
  acknowledged: new Set(),
  captured: new Map(),
})
