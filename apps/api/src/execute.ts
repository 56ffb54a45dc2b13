/** Sends a client's command down its lane, and answers with what became of it. */
import type { Command, Outcome } from '@flashlane/core'
import type { Context } from 'hono'
import type { Logger } from '@flashlane/log'
import { present } from './answer.ts'
import type { Answer } from './dispatch/waiter.ts'
import { type Standing, type StandingOf, standingView } from './live/standings.ts'
import { logOutcome } from './outcome-log.ts'
import type { Metrics } from './metrics.ts'
import { Fault, RETRY_AFTER_S, respondProblem } from './problem.ts'
import { respond } from './respond.ts'
import type { Wait } from './wait.ts'

export type ExecuteDeps = {
  submit(command: Command, waitMs: number): Promise<Answer>
  /** Leads a poll from the command to its batch. */
  remember(command: Command, batchId: string): Promise<void>
  /** Hears every outcome: what is sold out is turned away at the door. */
  learn(command: Command, outcome: Outcome): void
  /** Null where it is not known. Never rejects. */
  readonly standingOf: StandingOf
  readonly metrics: Metrics
  readonly log: Logger
}

export type Execute = (c: Context, command: Command, wait: Wait) => Promise<Response>

export const makeExecute =
  ({ submit, remember, learn, standingOf, metrics, log }: ExecuteDeps): Execute =>
  async (c, command, wait) => {
    const startMs = performance.now()
    const answer = await submit(command, wait.ms)
    metrics.answered(command.type, answer.kind, performance.now() - startMs)
    const headers: Record<string, string> = {}
    if (wait.applied !== null) headers['preference-applied'] = wait.applied
    switch (answer.kind) {
      case 'applied':
        learn(command, answer.outcome)
        logOutcome(log, command, answer.outcome)
        return respondOutcome(c, command, answer.outcome, headers)
      case 'queued': {
        const standing = standingOf(command.productId, answer.batchId)
        await remember(command, answer.batchId).catch(() => {
          throw unavailable(command, true)
        })
        return respondQueued(c, command, { standing: await standing, headers })
      }
      case 'unavailable':
        throw unavailable(command, answer.mayHappen)
      case 'busy':
        throw new Fault('busy')
    }
  }

function respondOutcome(
  c: Context,
  command: Command,
  outcome: Outcome,
  headers: Record<string, string>,
): Response {
  if (outcome.replayed) {
    if (outcome.replayed.fingerprint !== (command.fingerprint ?? null)) {
      throw new Fault('idempotency_key_reused')
    }
    headers['idempotency-replayed'] = 'true'
  }
  const presented = present(command, outcome)
  if (presented.kind === 'problem') return respondProblem(c, presented.problem, headers)
  if (presented.location !== null) headers['location'] = presented.location
  return respond(c, presented.status, withPayment(command, presented.body), headers)
}

/** What the order named: a repeat names the same, or it is none. */
const withPayment = (command: Command, body: object): object =>
  command.type === 'PlaceOrder' && command.paymentRef !== null
    ? { ...body, pay_with: command.paymentRef }
    : body

type Queued = { readonly standing: Standing | null; readonly headers: Record<string, string> }

function respondQueued(c: Context, command: Command, { standing, headers }: Queued): Response {
  headers['location'] = `/api/commands/${command.commandId}`
  headers['retry-after'] = RETRY_AFTER_S
  return respond(
    c,
    202,
    {
      command_id: command.commandId,
      status: 'queued',
      ...madeBy(command),
      ...standingView(standing),
    },
    headers,
  )
}

/** What the command makes or changes, so that a client can go on before it is applied. */
function madeBy(command: Command): object {
  if ('orderId' in command && command.orderId !== null) return { order_id: command.orderId }
  if ('holdId' in command && command.holdId !== null) return { hold_id: command.holdId }
  return { product_id: command.productId }
}

const unavailable = (command: Command, mayHappen: boolean): Fault =>
  new Fault(
    'unavailable',
    mayHappen
      ? 'the command may have been taken: ask for it, or repeat it with the same Idempotency-Key'
      : 'the command was not taken',
    { extras: { command_id: command.commandId } },
  )
