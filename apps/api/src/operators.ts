/** What is for operators: who may do it, and who did it. */
import type { Logger } from '@flashlane/log'
import type { ActionEnd, NewAction } from '@flashlane/db'
import type { Context } from 'hono'
import { headerOf } from './incoming.ts'
import type { Handler } from './openapi/add-route.ts'
import { type Definition, scopeOf } from './openapi/operation.ts'
import { allows, type FindOperator, type Operator } from './operator-token.ts'
import { Fault } from './problem.ts'
import { requestIdOf } from './respond.ts'

export type OperatorDeps = {
  readonly findOperator: FindOperator
  beginAction(action: NewAction): Promise<void>
  endAction(actionId: string, end: ActionEnd): Promise<void>
  drawX(): string
  nowMs(): number
  readonly log: Logger
}

/** What an operator is about to change, as it is written down. */
export type Action = {
  /** To be awaited before anything is done: what cannot be written down is not done. */
  begin(target: string | null): Promise<void>
  /** What is only known later. */
  learn(facts: Facts): void
}

type Facts = { readonly target?: string; readonly commandId?: string }
type OperatorHandler = (c: Context, action: Action) => Response | Promise<Response>

/** What a client may put into an address, as far as it is worth keeping. */
const TARGET_LENGTH_MAX = 64

/** Lets in whose token goes as far as the definition says. */
export const makeForOperators =
  (deps: OperatorDeps) =>
  (definition: Definition, handler: OperatorHandler): Handler => {
    const needed = scopeOf(definition)
    return (c) => {
      const operator = deps.findOperator(headerOf(c, 'authorization'))
      if (!operator) {
        throw new Fault('unauthorized', undefined, { headers: { 'www-authenticate': 'Bearer' } })
      }
      const who = { operator: operator.name, action: definition.operationId ?? '' }
      if (!allows(operator.scope, needed)) {
        deps.log.warn({ ...who, requestId: requestIdOf(c), needed }, 'operator refused')
        const detail = `the token of ${operator.name} is for ${operator.scope}, and this takes ${needed}`
        throw new Fault('forbidden', detail, { extras: { scope: needed } })
      }
      return recorded(deps, c, { operator, action: who.action, handler })
    }
  }

type Doing = {
  readonly operator: Operator
  readonly action: string
  readonly handler: OperatorHandler
}

/** Runs the handler, and writes down what came of what it began. */
async function recorded(deps: OperatorDeps, c: Context, doing: Doing): Promise<Response> {
  const { operator, action, handler } = doing
  const requestId = requestIdOf(c)
  let actionId: string | null = null
  let facts: Facts = {}

  async function end(outcome: string): Promise<void> {
    if (actionId === null) return
    const { target = null, commandId = null } = facts
    const what = { requestId, operator: operator.name, action, target, commandId, outcome }
    deps.log.info(what, 'operator acted')
    const ended = { endedAtMs: deps.nowMs(), outcome, target, commandId }
    await deps.endAction(actionId, ended).catch((error: unknown) => {
      // It is done: the row stays without an end, and the log has it.
      deps.log.error({ ...what, err: error }, 'the end of an action is not recorded')
    })
  }

  try {
    const response = await handler(c, {
      async begin(target) {
        const id = deps.drawX()
        facts = target === null ? {} : { target: plain(target) }
        await deps.beginAction({
          actionId: id,
          begunAtMs: deps.nowMs(),
          operator: operator.name,
          action,
          target: facts.target ?? null,
          requestId,
        })
        actionId = id
      },
      learn: (more) => void (facts = { ...facts, ...more }),
    })
    await end(await outcomeOf(response))
    return response
  } catch (error) {
    await end(error instanceof Fault ? error.code : 'internal_error')
    throw error
  }
}

const plain = (target: string): string =>
  target.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, TARGET_LENGTH_MAX)

/** `done`, `queued`, or the code that it was refused with. */
async function outcomeOf(response: Response): Promise<string> {
  if (response.status === 202) return 'queued'
  if (response.ok) return 'done'
  const { code = 'refused' } = (await response.clone().json()) as { code?: string }
  return code
}
