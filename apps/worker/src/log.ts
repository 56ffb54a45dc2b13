/** JSON lines; on a terminal, readable ones. */
import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export const createLog = (level: string): Logger => {
  const options = {
    level,
    base: { process: 'worker', pid: process.pid },
    redact: {
      paths: ['*.password', '*.token', '*.authorization', '*.secret'],
      censor: '[redacted]',
    },
  }
  if (process.stdout.isTTY) return pino(options, pretty({ colorize: true, ignore: 'pid' }))
  return pino(options, pino.destination({ dest: 1, sync: false }))
}
