/** Whether a command was answered from a row that has been pruned since: then nobody can decide it again. */
import type { Command, Decision, Outcome, State } from '@flashlane/core'
import type { Checkpoint } from '@flashlane/db'

type Answered = {
  readonly command: Command
  /** As the journal recorded it. It changed nothing. */
  readonly outcome: Outcome
  /** As it is decided without the row. */
  readonly decision: Decision | Error
}

type Known = { readonly state: State; readonly checkpoint: Checkpoint }

/**
 * Pruned are holds that ended without an order and outcomes, both up to the checkpoint. The state knows all that the
 * tables have of what was there before the command.
 */
export function namesPruned({ command, outcome, decision }: Answered, known: Known): boolean {
  if (decision instanceof Error) return false
  if (outcome.replayed) {
    return !decision.outcome.replayed && isRepeatOfPruned(command, outcome, known)
  }
  const { outcome: decided } = decision
  if (decided.outcome !== 'refused' || decided.reason !== 'hold_not_found') return false
  return namesEndedHold(command, outcome) && !known.state.holds.has(command.holdId)
}

/** It was answered what its twin was, which was decided at or before the checkpoint. */
function isRepeatOfPruned(command: Command, outcome: Outcome, { state, checkpoint }: Known) {
  if (outcome.version > checkpoint.seq || state.outcomes.has(command.commandId)) return false
  if (outcome.outcome === 'refused') return true
  if (command.type === 'PlaceHold') return !state.holds.has(command.holdId)
  // An order is never pruned, and tells its outcome itself.
  return command.type !== 'PlaceOrder'
}

type NamesHold = Extract<Command, { type: 'ExtendHold' | 'PlaceOrder' | 'ReleaseHold' }>

/** It was told that the hold had ended: released once more, or refused for that. */
function namesEndedHold(command: Command, outcome: Outcome): command is NamesHold {
  if (outcome.outcome === 'refused') {
    const isOfHold = command.type === 'ExtendHold' || command.type === 'PlaceOrder'
    return isOfHold && (outcome.reason === 'hold_released' || outcome.reason === 'hold_expired')
  }
  if (command.type !== 'ReleaseHold' || outcome.outcome !== 'accepted') return false
  const { result } = outcome
  return (
    result.type === 'hold' &&
    result.hold.holdId === command.holdId &&
    (result.hold.status === 'released' || result.hold.status === 'expired')
  )
}
