/** What operators look at and work off: dead letters, refunds, payments, lanes, and what is overdue. */
import {
  type Command,
  type Outcome,
  type PaymentEvent,
  type Product,
  type RecordPayment,
  replayOf,
} from '@flashlane/core'
import type { DeadLetter, RefundItem } from '@flashlane/db'
import type { Context } from 'hono'
import { setTimeout as sleep } from 'node:timers/promises'
import { present } from '../answer.ts'
import { parse, readOptionalJson } from '../body.ts'
import type { MakeHead } from '../command-head.ts'
import type { Answer } from '../dispatch/waiter.ts'
import { withoutEnvelope } from '../envelope.ts'
import type { Execute } from '../execute.ts'
import { emptyBody } from '../fields.ts'
import { readKey } from '../idempotency.ts'
import type { Inbox } from '../inbox.ts'
import type { LaneStatus } from '../lane-status.ts'
import { addRoute, type App } from '../openapi/add-route.ts'
import {
  listPayments,
  listRefunds,
  markRefundDone,
  markRefundSent,
  paymentQuery,
  refundQuery,
} from '../openapi/admin-money.ts'
import {
  deadLetterQuery,
  laneQuery,
  listDeadLetters,
  listLanes,
  replayDeadLetter,
  sweep,
} from '../openapi/admin-work.ts'
import { type Action, makeForOperators, type OperatorDeps } from '../operators.ts'
import { Fault, problemBody, RETRY_AFTER_S } from '../problem.ts'
import { requestIdOf, respond } from '../respond.ts'
import {
  deadLetterView,
  laneView,
  paymentEventView,
  refundItemView,
} from '../views-for-operators.ts'
import { readWait } from '../wait.ts'

type Paged<Item> = Promise<{ readonly items: readonly Item[]; readonly total: number }>
type Page = { readonly offset: number; readonly limit: number }

export type AdminWorkDeps = OperatorDeps & {
  readonly execute: Execute
  readonly makeHead: MakeHead
  readonly inbox: Inbox
  submit(command: Command, waitMs: number): Promise<Answer>
  listDeadLetters(page: Page & { isReplayed?: boolean }): Paged<DeadLetter>
  findDeadLetter(id: string): Promise<DeadLetter | null>
  claimReplay(id: string, as: { commandId: string; nowMs: number }): Promise<boolean>
  dropReplay(commandId: string): Promise<void>
  nameReplay(drawn: string, commandId: string): Promise<void>
  listRefunds(page: Page & { status?: RefundItem['status'] }): Paged<RefundItem>
  findRefund(refundId: string): Promise<RefundItem | null>
  settleOrphan(refundId: string, status: 'sent' | 'done'): Promise<void>
  listPaymentEvents(
    page: Page & {
      state?: PaymentEvent['state']
      result?: NonNullable<PaymentEvent['result']>
    },
  ): Paged<PaymentEvent>
  listProducts(page: Page): Paged<Product>
  laneStatus(products: readonly Product[]): Promise<readonly LaneStatus[]>
  countOverdue(): Promise<number>
  /** Asks the workers to look for what is overdue. */
  sweep(): void
  readonly waitS: number
}

const LOOK_EACH_MS = 50
/** An order's payment's, or an orphan's. */
const REFUND_ID = /^rfd_[0-9a-z_]{1,60}$/

export function addAdminWorkRoutes(app: App, deps: AdminWorkDeps): void {
  async function deadLetters(c: Context): Promise<Response> {
    const {
      page,
      per_page: limit,
      replayed,
    } = parse(deadLetterQuery, withoutEnvelope(c.req.query()))
    const { items, total } = await deps.listDeadLetters({
      offset: (page - 1) * limit,
      limit,
      ...(replayed === undefined ? {} : { isReplayed: replayed }),
    })
    return respond(c, 200, { items: items.map(deadLetterView), total, page, per_page: limit })
  }

  async function replay(c: Context, action: Action): Promise<Response> {
    const letter = await deps.findDeadLetter(c.req.param('id') ?? '')
    if (!letter) throw new Fault('dead_letter_not_found')
    const { id } = letter
    const nowMs = deps.nowMs()
    const isKeyUsed = letter.reason.startsWith('key_reused')
    const command = replayOf(letter.body, { x: deps.drawX(), nowMs, isKeyUsed })
    if (!command) throw new Fault('not_replayable')
    const { commandId } = command
    await action.begin(id)
    action.learn({ commandId })
    if (!(await deps.claimReplay(id, { commandId, nowMs }))) throw new Fault('already_replayed')
    if (command.type === 'RecordPayment') return replayPayment(c, action, command)
    return respondReplayed(c, command, await deps.submit(command, readWait(c, deps.waitS).ms))
  }

  /** Routed anew: nobody may have known its order then. */
  async function replayPayment(
    c: Context,
    action: Action,
    command: RecordPayment,
  ): Promise<Response> {
    try {
      const { command: sent, heard } = await deps.inbox(command, requestIdOf(c))
      await deps.nameReplay(command.commandId, sent.commandId)
      action.learn({ commandId: sent.commandId })
      const outcome =
        heard.kind === 'applied'
          ? outcomeBody(c, sent, heard.outcome)
          : { status: 'accepted', event_id: sent.eventKey }
      return respond(c, 200, { command_id: sent.commandId, outcome })
    } catch (error) {
      await deps.dropReplay(command.commandId)
      throw error
    }
  }

  function outcomeBody(c: Context, command: Command, outcome: Outcome): object {
    const presented = present(command, outcome)
    return presented.kind === 'result' ? presented.body : problemBody(presented.problem, c.req.path)
  }

  async function respondReplayed(c: Context, command: Command, answer: Answer): Promise<Response> {
    const { commandId } = command
    switch (answer.kind) {
      case 'applied': {
        const outcome = outcomeBody(c, command, answer.outcome)
        return respond(c, 200, { command_id: commandId, outcome })
      }
      case 'queued':
        return respond(
          c,
          202,
          { command_id: commandId, status: 'queued' },
          { location: `/api/commands/${commandId}`, 'retry-after': RETRY_AFTER_S },
        )
      case 'unavailable':
        if (!answer.mayHappen) await deps.dropReplay(commandId)
        throw new Fault('unavailable', undefined, { extras: { command_id: commandId } })
      case 'busy':
        await deps.dropReplay(commandId)
        throw new Fault('busy')
    }
  }

  async function refunds(c: Context): Promise<Response> {
    const { page, per_page: limit, status } = parse(refundQuery, withoutEnvelope(c.req.query()))
    const { items, total } = await deps.listRefunds({
      offset: (page - 1) * limit,
      limit,
      ...(status === undefined ? {} : { status }),
    })
    return respond(c, 200, { items: items.map(refundItemView), total, page, per_page: limit })
  }

  /** An orphan has no lane: its row is all there is. */
  const settle = (status: 'sent' | 'done') => async (c: Context, action: Action) => {
    const body = await readOptionalJson(c, emptyBody)
    const key = readKey(c, body.idempotency_key)
    const refundId = c.req.param('id') ?? ''
    const refund = REFUND_ID.test(refundId) ? await deps.findRefund(refundId) : null
    if (!refund) throw new Fault('refund_not_found')
    const { orderId, productId } = refund
    const wait = readWait(c, deps.waitS)
    await action.begin(refundId)
    if (orderId === null || productId === null) {
      await deps.settleOrphan(refundId, status)
      const settled = await deps.findRefund(refundId)
      return respond(c, 200, refundItemView(settled ?? refund))
    }
    const { head } = deps.makeHead(c, {
      operation: 'SettleRefund',
      productId,
      customerRef: null,
      key,
      fields: [refundId, status],
    })
    action.learn({ commandId: head.commandId })
    const command: Command = { type: 'SettleRefund', ...head, orderId, refundId, status }
    return deps.execute(c, command, wait)
  }

  async function payments(c: Context): Promise<Response> {
    const {
      page,
      per_page: limit,
      state,
      result,
    } = parse(paymentQuery, withoutEnvelope(c.req.query()))
    const { items, total } = await deps.listPaymentEvents({
      offset: (page - 1) * limit,
      limit,
      ...(state === undefined ? {} : { state }),
      ...(result === undefined ? {} : { result }),
    })
    return respond(c, 200, { items: items.map(paymentEventView), total, page, per_page: limit })
  }

  async function lanes(c: Context): Promise<Response> {
    const { page, per_page: limit } = parse(laneQuery, withoutEnvelope(c.req.query()))
    const { items, total } = await deps.listProducts({ offset: (page - 1) * limit, limit })
    const status = await deps.laneStatus(items)
    return respond(c, 200, { items: status.map(laneView), total, page, per_page: limit })
  }

  async function sweepNow(c: Context, action: Action): Promise<Response> {
    const wait = readWait(c, deps.waitS)
    await action.begin(null)
    const overdue = await deps.countOverdue()
    const untilMs = performance.now() + wait.ms
    let left = overdue
    if (overdue > 0) deps.sweep()
    while (left > 0 && performance.now() < untilMs) {
      await sleep(LOOK_EACH_MS)
      left = await deps.countOverdue()
    }
    const applied = wait.applied === null ? {} : { 'preference-applied': wait.applied }
    return respond(c, 200, { overdue, left }, applied)
  }

  const forOperators = makeForOperators(deps)
  addRoute(app, listDeadLetters, forOperators(listDeadLetters, deadLetters))
  addRoute(app, replayDeadLetter, forOperators(replayDeadLetter, replay))
  addRoute(app, listRefunds, forOperators(listRefunds, refunds))
  addRoute(app, markRefundSent, forOperators(markRefundSent, settle('sent')))
  addRoute(app, markRefundDone, forOperators(markRefundDone, settle('done')))
  addRoute(app, listPayments, forOperators(listPayments, payments))
  addRoute(app, listLanes, forOperators(listLanes, lanes))
  addRoute(app, sweep, forOperators(sweep, sweepNow))
}
