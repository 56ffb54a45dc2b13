/** Logs as api and worker write them: JSON, a line an event; on a terminal, readable. */
import { type DestinationStream, type Logger, pino } from 'pino'
import { PinoPretty } from 'pino-pretty'

export type { Logger } from 'pino'

const BUFFER_BYTES = 8_192
const FLUSH_EACH_MS = 500

const FAULT_EACH_MS = 1_000
const FAULTS_MAX = 100

// No wildcards: they would double what a line costs.
const REDACTED = ['authorization', 'cookie', 'password', 'secret', 'token', 'url']

type Named = { readonly process: 'api' | 'worker'; readonly level: string }

/** Lines are written in lots: at thousands of holds a second, a write each would cost more than the holds. */
export function createLog(named: Named): { log: Logger; flush(): void } {
  if (process.stdout.isTTY) {
    const pretty: DestinationStream = PinoPretty({ colorize: true, sync: true })
    return { log: pino(optionsOf(named), pretty), flush: () => {} }
  }
  const destination = pino.destination({ sync: false, minLength: BUFFER_BYTES })
  const log = pino(optionsOf(named), destination)
  setInterval(() => destination.flush(), FLUSH_EACH_MS).unref()
  return { log, flush: () => destination.flushSync() }
}

const optionsOf = ({ process: name, level }: Named) => ({
  level,
  base: { process: name, pid: process.pid },
  redact: REDACTED,
  // MySQL and Redis put whole statements and arguments on their errors: only what says what happened is logged.
  serializers: { err: describeError },
})

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack } = error
  const code = 'code' in error ? error.code : undefined
  return { name, message, code, stack }
}

/**
 * What nobody caught ends the process, told like any other error. Node would print all that is on it, and on an error of
 * Redis that is what was sent: its password.
 */
export function endOnUncaught({ log, flush }: ReturnType<typeof createLog>): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'nothing caught this')
    flush()
    process.exit(1)
  })
}

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
