/** Starts an api process: reads the settings, connects, and answers until it is told to stop. */
import { startApi } from './start.ts'
import { parseConfig } from './config.ts'
import { createLog } from './log.ts'

const { log, flush } = createLog(process.env['LOG_LEVEL'] || 'info')

try {
  const api = await startApi(parseConfig(process.env), log)
  log.info({ port: api.port }, 'api is up')
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'api stops')
    api.stop().then(
      () => exit(0),
      (error: unknown) => die(error),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
} catch (error) {
  die(error)
}

function die(error: unknown): void {
  log.fatal({ err: error }, error instanceof Error ? error.message : 'unknown error')
  exit(1)
}

function exit(code: number): void {
  flush()
  process.exit(code)
}
