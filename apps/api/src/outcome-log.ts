/** One line per noteworthy event at info. */
import type { Command, Outcome } from '@flashlane/core'
import type { Logger } from '@flashlane/log'

/** What became of a client's command, by its ids. */
export function logOutcome(log: Logger, command: Command, outcome: Outcome): void {
  if (!log.isLevelEnabled('info')) return
  const ids = {
    requestId: command.requestId,
    commandId: command.commandId,
    productId: command.productId,
  }
  if (outcome.outcome === 'error') log.error(ids, `${EVENTS[command.type]} failed`)
  else if (outcome.outcome === 'refused') {
    log.info({ ...ids, command: command.type, ...outcome.facts }, inWords(outcome.reason))
  } else if (outcome.replayed) log.info(ids, 'repeat answered')
  else log.info({ ...ids, ...detailsOf(outcome.result) }, EVENTS[command.type])
}

const inWords = (reason: string): string => reason.replaceAll('_', ' ')

const EVENTS: Readonly<Record<Command['type'], string>> = {
  PlaceHold: 'hold placed',
  ExtendHold: 'hold extended',
  ReleaseHold: 'hold released',
  PlaceOrder: 'order created',
  CancelOrder: 'order cancelled',
  RecordPayment: 'webhook applied',
  ExpireDue: 'expired',
  AdjustStock: 'stock adjusted',
  ChangeProduct: 'product changed',
  SettleRefund: 'refund settled',
  CreateProduct: 'product created',
}

function detailsOf(result: Extract<Outcome, { outcome: 'accepted' }>['result']): object {
  switch (result.type) {
    case 'hold':
      return { holdId: result.hold.holdId, quantity: result.hold.quantity }
    case 'order':
      return { orderId: result.order.orderId, status: result.order.status }
    case 'payment':
      return { orderId: result.orderId, result: result.result, status: result.orderStatus }
    case 'product':
      return { isPaused: result.product.isPaused }
    case 'refund':
      return { refundId: result.refund.refundId, status: result.refund.status }
    case 'stock':
      return { stockTotal: result.stockTotal }
    case 'expired':
    case 'pong':
      return {}
  }
}
