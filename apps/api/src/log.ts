/** One line per noteworthy event at info. Pretty on a terminal, JSON elsewhere. */
import type { Command, Outcome } from '@flashlane/core'
import { type DestinationStream, type Logger, pino } from 'pino'
import { PinoPretty } from 'pino-pretty'

const BUFFER_BYTES = 8_192
const FLUSH_EACH_MS = 500

const FAULT_EACH_MS = 1_000
const FAULTS_MAX = 100

// No wildcards: they would double what a line costs.
const REDACTED = ['authorization', 'cookie', 'password', 'secret', 'token', 'url']

/** Lines are written in lots: at thousands of holds a second, a write each would cost more than the holds. */
export function createLog(level: string): { log: Logger; flush(): void } {
  if (process.stdout.isTTY) {
    const pretty: DestinationStream = PinoPretty({ colorize: true, sync: true })
    return { log: pino(options(level), pretty), flush: () => {} }
  }
  const destination = pino.destination({ sync: false, minLength: BUFFER_BYTES })
  const log = pino(options(level), destination)
  setInterval(() => destination.flush(), FLUSH_EACH_MS).unref()
  return { log, flush: () => destination.flushSync() }
}

const options = (level: string) => ({
  level,
  base: { process: 'api', pid: process.pid },
  redact: REDACTED,
  // MySQL and Redis put whole statements and arguments on their errors: only what says what happened is logged.
  serializers: { err: describeError },
})

/** Logs what services say when they fail, each message once a second: a lost connection says it hundreds of times. */
export function makeFaultLog(log: Logger): (error: unknown) => void {
  const saidMs = new Map<string, number>()
  return (error) => {
    const message = error instanceof Error ? error.message : String(error)
    const nowMs = performance.now()
    if (nowMs - (saidMs.get(message) ?? Number.NEGATIVE_INFINITY) < FAULT_EACH_MS) return
    if (saidMs.size >= FAULTS_MAX) saidMs.clear()
    saidMs.set(message, nowMs)
    log.warn({ err: error }, 'a service does not answer')
  }
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack } = error
  const code = 'code' in error ? error.code : undefined
  return { name, message, code, stack }
}

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
  ReleaseHold: 'hold released',
  PlaceOrder: 'order created',
  CancelOrder: 'order cancelled',
  RecordPayment: 'webhook applied',
  ExpireDue: 'expired',
  AdjustStock: 'stock adjusted',
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
    case 'stock':
      return { stockTotal: result.stockTotal }
    case 'expired':
    case 'pong':
      return {}
  }
}
