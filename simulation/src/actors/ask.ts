/** A client's command: sent, polled for, and repeated under its key until its outcome is known or the sale is over. */
import type { Command, Outcome } from '@flashlane/core'
import { aHash } from '@flashlane/core/builders.ts'
import type { History, Operation } from '../history.ts'
import type { Stage } from '../stage.ts'
import type { World } from '../world.ts'
import { request } from './http.ts'

const TRIES_MAX = 60
const POLLS_MAX = 40

export type Asking = { readonly world: World; readonly stage: Stage; readonly history: History }

type Options = { readonly who: string; readonly isKeyed: boolean; readonly waitMs: number }

/** Null where it never becomes known to who asks. */
export async function ask(
  { world, stage, history }: Asking,
  command: Command,
  { who, isKeyed, waitMs }: Options,
): Promise<Outcome | null> {
  const { random, schedule, trace } = world
  const fingerprint = isKeyed ? { fingerprint: aHash(command.commandId) } : {}
  const operation: Operation = {
    who,
    command,
    isKeyed,
    startMs: schedule.nowMs(),
    endMs: null,
    ackMs: null,
    outcomes: [],
    told: [],
    isOver: false,
  }
  history.operations.push(operation)

  const know = (outcome: Outcome): Outcome => {
    operation.endMs ??= schedule.nowMs()
    operation.ackMs ??= schedule.nowMs()
    operation.outcomes.push(outcome)
    return outcome
  }

  /** Asked for by its id, through any process. */
  async function poll(): Promise<Outcome | null> {
    for (let polls = 0; polls < POLLS_MAX; polls++) {
      await world.sleep(random.between(50, 600))
      const found = await request(world, random.pick(stage.apis), (api) =>
        api.findCommand(command.commandId),
      )
      if (found) return know(found)
      // Redis may have lost it; under its key it may be sent again.
      if (isKeyed && random.chance(0.3)) return null
    }
    return null
  }

  async function tryOnce(): Promise<Outcome | null> {
    const answer = await request(world, random.pick(stage.apis), async (api) => {
      const acceptedAtMs = api.nowMs()
      const accepted = { ...command, ...fingerprint, acceptedAtMs }
      return { acceptedAtMs, ...(await api.dispatcher.submit(accepted, waitMs)) }
    })
    trace.add(who, `${command.type} ${command.commandId} -> ${answer ? answer.kind : 'nothing'}`)
    if (answer) operation.told.push({ acceptedAtMs: answer.acceptedAtMs, kind: answer.kind })
    if (answer?.kind === 'applied') return know(answer.outcome)
    if (answer?.kind === 'queued') operation.ackMs ??= schedule.nowMs()
    return answer?.kind === 'queued' ? poll() : null
  }

  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const outcome = await tryOnce()
    if (outcome || !isKeyed) {
      operation.isOver = true
      return outcome
    }
    await world.sleep(random.between(20, 1_000))
  }
  operation.isOver = true
  return null
}
