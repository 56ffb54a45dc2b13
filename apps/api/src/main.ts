/** Starts an api process, and ends it when told. */
import { type Config, parseConfig } from './config.ts'
import { createLog, endOnUncaught } from '@flashlane/log'
import { collectGarbage, keepHeapSmall } from '@flashlane/telemetry'
import { startApi } from './start.ts'

keepHeapSmall()
const config = readConfig()
const written = createLog({ process: 'api', level: config.LOG_LEVEL })
const { log, flush } = written
endOnUncaught(written)
// Until there is something to drain, a signal simply ends the process.
startApi(config, log).then(({ port, stop }) => {
  log.info({ port }, 'api ready')
  const end = () => {
    log.info('api stopping')
    stop().then(() => exit(0), die)
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}, die)

function readConfig(): Config {
  try {
    return parseConfig(process.env)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return process.exit(1)
  }
}

function die(error: unknown): void {
  log.fatal({ err: error }, error instanceof Error ? error.message : 'unknown error')
  exit(1)
}

function exit(code: number): void {
  flush()
  collectGarbage()
  process.exit(code)
}
