/**
 * What a worker tells an api of a batch. The api has the commands, so of a hold that was granted as it was asked for it
 * is told only what it cannot know, and that is nearly always the same for the whole batch.
 */
import { isAlike } from './alike.ts'
import type { Command, PlaceHold } from './command.ts'
import { holdAtBirth, newHold } from './decide/hold.ts'
import type { Outcome } from './outcome.ts'

type Grant = readonly [price: number, currency: string, appliedAtMs: number, version: number]

/** Published to `replyTo` when a batch is committed. */
export type Reply = {
  readonly batchId: string
  readonly grants: readonly Grant[]
  /** In the order of the batch's commands. A number is a hold that was granted as it was asked for: which of `grants`. */
  readonly outcomes: readonly (Outcome | number)[]
  /** Commands that stood in the lane when it was last counted. */
  readonly depth: number
}

export const replyChannel = (processId: string): string => `flashlane:replies:${processId}`

type Told = Pick<Reply, 'batchId' | 'depth'> & {
  readonly commands: readonly Command[]
  readonly outcomes: readonly Outcome[]
}

export function packReply({ batchId, depth, commands, outcomes }: Told): Reply {
  const grants: Grant[] = []
  const packed = outcomes.map((outcome, i) => {
    const grant = grantOf(commands[i], outcome)
    if (!grant) return outcome
    const known = grants.findIndex((each) => each.every((value, n) => value === grant[n]))
    return known >= 0 ? known : grants.push(grant) - 1
  })
  return { batchId, grants, outcomes: packed, depth }
}

/** The outcomes of a reply to these commands. */
export const unpackOutcomes = (
  { grants, outcomes }: Pick<Reply, 'grants' | 'outcomes'>,
  commands: readonly Command[],
): readonly Outcome[] =>
  outcomes.map((outcome, i) =>
    typeof outcome === 'number'
      ? granted(commands[i] as PlaceHold, grants[outcome] as Grant)
      : outcome,
  )

/** Null where it would not give the outcome again. */
function grantOf(command: Command | undefined, outcome: Outcome): Grant | null {
  if (command?.type !== 'PlaceHold' || outcome.outcome !== 'accepted') return null
  if (outcome.replayed || outcome.result.type !== 'hold') return null
  const { hold } = outcome.result
  const appliedAtMs = hold.expiresAtMs - command.ttlMs
  const grant = [hold.unitPrice, hold.currency, appliedAtMs, outcome.version] as const
  const { result } = granted(command, grant)
  if (result.type !== 'hold') return null
  return isAlike(result.hold, hold) ? grant : null
}

function granted(command: PlaceHold, [price, currency, nowMs, version]: Grant) {
  const { quantity } = command
  const hold = newHold(command, { quantity, terms: { price, currency, version }, nowMs })
  return { outcome: 'accepted', result: holdAtBirth(hold), version } as const
}
