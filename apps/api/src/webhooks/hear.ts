/** Hands a payment event to the inbox, and answers with what became of it. */
import type { Order, RecordPayment } from '@flashlane/core'
import type { Logger } from '@flashlane/log'
import type { Context } from 'hono'
import { present } from '../answer.ts'
import type { Heard, Inbox } from '../inbox.ts'
import type { Metrics } from '../metrics.ts'
import { logOutcome } from '../outcome-log.ts'
import { requestIdOf, respond } from '../respond.ts'
import type { PaymentNews } from './generic.ts'

export type HearDeps = {
  readonly inbox: Inbox
  findOrder(orderId: string): Promise<{ readonly order: Pick<Order, 'status'> } | null>
  readonly metrics: Metrics
  readonly log: Logger
}

export type Hear = (c: Context, news: PaymentNews) => Promise<Response>

export function makeHear({ inbox, findOrder, metrics, log }: HearDeps): Hear {
  return async (c, news) => {
    const { command, heard } = await inbox(news, requestIdOf(c))
    return respondHeard(c, command, heard)
  }

  async function respondHeard(c: Context, command: RecordPayment, heard: Heard): Promise<Response> {
    const ids = { requestId: command.requestId, eventKey: command.eventKey }
    switch (heard.kind) {
      case 'applied': {
        logOutcome(log, command, heard.outcome)
        const presented = present(command, heard.outcome)
        return respond(c, 200, presented.kind === 'result' ? presented.body : { status: 'ok' })
      }
      case 'known': {
        const isSame = heard.event.bodyHash === command.bodyHash
        log.info({ ...ids, isSame }, 'webhook known already')
        if (isSame && heard.event.state === 'waiting') return respondKept(c, command)
        return respond(c, 200, {
          status: 'ok',
          result: isSame ? 'duplicate' : 'key_reused',
          ...(await orderOf(heard.event.orderId)),
        })
      }
      case 'kept':
        metrics.inbox.inc()
        log.info(ids, 'webhook kept in the inbox')
        return respondKept(c, command)
      case 'ignored':
        log.info(ids, 'webhook ignored')
        return respond(c, 200, { status: 'ok', result: 'ignored' })
    }
  }

  async function orderOf(orderId: string | null): Promise<object> {
    if (orderId === null) return {}
    const found = await findOrder(orderId)
    return { order_id: orderId, ...(found ? { order_status: found.order.status } : {}) }
  }
}

const respondKept = (c: Context, { eventKey }: RecordPayment): Response =>
  respond(c, 202, { status: 'accepted', event_id: eventKey })
