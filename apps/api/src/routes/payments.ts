/** What payment providers tell. They take 404, 410 and 422 for "stop sending": none of these is ever answered. */
import { type RecordPayment, WEBHOOK_BODY_BYTES_MAX } from '@flashlane/core'
import type { Context } from 'hono'
import type { Logger } from '@flashlane/log'
import { present } from '../answer.ts'
import { readText } from '../body.ts'
import { ALIASES, isSuccessWebhook } from '../compat.ts'
import { decodeHeader } from '../idempotency.ts'
import type { Heard, Inbox } from '../inbox.ts'
import { logOutcome } from '../outcome-log.ts'
import type { Metrics } from '../metrics.ts'
import { type App, addRoute } from '../openapi/add-route.ts'
import { tellPayment } from '../openapi/payments.ts'
import { requestIdOf, respond } from '../respond.ts'
import { parseGeneric } from '../webhooks/generic.ts'

const SUCCEEDED = 'succeeded' as const

export type PaymentDeps = {
  readonly inbox: Inbox
  readonly metrics: Metrics
  readonly log: Logger
}

export function addPaymentRoutes(app: App, { inbox, metrics, log }: PaymentDeps): void {
  async function webhook(c: Context): Promise<Response> {
    const payload = await readText(c, WEBHOOK_BODY_BYTES_MAX)
    const news = parseGeneric(payload, keyInHeader(c))
    const told = isSuccessWebhook(c.req.path) ? { ...news, kind: SUCCEEDED } : news
    const { command, heard } = await inbox(told, requestIdOf(c))
    return respondHeard(c, command, heard)
  }

  function respondHeard(c: Context, command: RecordPayment, heard: Heard): Response {
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
          ...(heard.event.orderId === null ? {} : { order_id: heard.event.orderId }),
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

  addRoute(app, tellPayment, webhook, ALIASES.tellPayment)
}

const respondKept = (c: Context, { eventKey }: RecordPayment): Response =>
  respond(c, 202, { status: 'accepted', event_id: eventKey })

function keyInHeader(c: Context): string | undefined {
  const header = c.req.header('webhook-id') ?? c.req.header('idempotency-key')
  return header === undefined ? undefined : decodeHeader(header)
}
