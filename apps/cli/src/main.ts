/** flashlane: the command line of operators. */
import { createClient, FlashlaneError, NoAnswerError, StillQueuedError } from '@flashlane/client'
import { CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { createProgram, type Deps, type Options } from './program.ts'
import { chooseTarget, type Target } from './target.ts'
import type { Told } from './told.ts'
import { UsageError } from './usage-error.ts'
import { createDisplay } from './watch/display.ts'
import { takeSample } from './watch/sample.ts'
import { watch } from './watch/watch.ts'

/** What it ends with, so that a script can tell. */
const DONE = 0
const REFUSED = 1
const USAGE = 2

const METRICS_MS_MAX = 5_000

// Whoever reads no more, as `head`, is no fault.
process.stdout.on('error', () => process.exit(DONE))

const program = createProgram({ run, tell, watch: watchSale })
try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = complain(error)
}

async function run(ask: Parameters<Deps['run']>[0]): Promise<void> {
  tell(await ask(createClient(target())))
}

function tell({ text, json, isBad = false }: Told): void {
  console.log(options().json ? JSON.stringify(json) : text)
  if (isBad) process.exitCode = REFUSED
}

async function watchSale({ productIds }: { productIds: readonly number[] }): Promise<void> {
  const chosen = target()
  const end = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => end.abort())
  // A retry would show what was, a second later.
  const client = createClient({ ...chosen, retries: { max: 0 } })
  const readMetrics = async () => {
    const address = `${chosen.baseUrl.replace(/\/+$/, '')}/metrics`
    const timeout = AbortSignal.timeout(METRICS_MS_MAX)
    const answer = await fetch(address, { signal: timeout }).catch(() => null)
    // A proxy may keep metrics to itself: then there are no rates of answers.
    return answer?.ok ? answer.text() : ''
  }
  await watch({
    takeSample: () => takeSample({ client, productIds, readMetrics }),
    ...createDisplay(process.stdout, { isJson: options().json === true }),
    signal: end.signal,
  })
}

function options(): Options {
  return program.opts<Options>()
}

function target(): Target {
  return chooseTarget({
    options: options(),
    environment: { url: setting('FLASHLANE_URL'), token: setting('ADMIN_TOKEN') },
    found: readFound(),
  })
}

function setting(name: string): string | undefined {
  return process.env[name] || undefined
}

/** The script that starts this names the file, if an `npm start` runs. */
function readFound(): { url: string; token: string } | null {
  const file = setting('FLASHLANE_FOUND')
  return file === undefined ? null : JSON.parse(readFileSync(file, 'utf8'))
}

function complain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE
  if (error instanceof UsageError) {
    console.error(error.message)
    return USAGE
  }
  if (error instanceof FlashlaneError) {
    const request = error.requestId === null ? '' : ` (request ${error.requestId})`
    console.error(options().json ? JSON.stringify(error) : `${error.message}${request}`)
    return REFUSED
  }
  const isExpected = error instanceof NoAnswerError || error instanceof StillQueuedError
  console.error(isExpected || !(error instanceof Error) ? String(error) : error.message)
  return REFUSED
}
