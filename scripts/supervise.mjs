/** The frame of each script: it works until it is done, told to stop, or something it needs has died; then it leaves nothing running. */
import { setTimeout as sleep } from 'node:timers/promises'
import { complain, Problem, say } from './progress.mjs'
import { claim, endLeftOvers, holderOf, openRunning } from './running.mjs'

const LAST_WORDS_MS = 2_000
const PARENT_POLL_MS = 250

class Stopped extends Error {}

/**
 * @param {{
 *   file?: string,
 *   busy?: (pid: number) => string,
 *   codeWhenStopped: number,
 *   work: (running: import('./running.mjs').Running) => Promise<number | 'stay'>,
 * }} options `work` gives the exit code, or says that what it started shall stay until a signal comes.
 */
export async function supervise({ file, busy, codeWhenStopped, work }) {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () => stop.abort(new Stopped(name)))
  process.stdout.on('error', () => stop.abort(new Stopped('output closed')))
  if (process.env['npm_lifecycle_event']) watchParent(() => stop.abort(new Stopped('npm ended')))

  try {
    if (file) await claimFolder(file, busy)
  } catch (error) {
    complain(error)
    process.exit(1)
  }
  const running = openRunning(file, (problem) => stop.abort(problem))
  const working = begin(() => work(running), stop.signal)
  let code = 0
  try {
    const aborted = untilAborted(stop.signal)
    const result = await Promise.race([working, aborted])
    code = result === 'stay' ? await aborted : result
  } catch (error) {
    code = error instanceof Stopped ? codeWhenStopped : 1
    if (error instanceof Stopped) say('\nStopping ...')
    else complain(error)
  }
  await running.endAll()
  await Promise.race([working.catch(() => {}), sleep(LAST_WORDS_MS)])
  process.exit(code)
}

/**
 * npm passes a signal on to its shell only, which then ends without telling us.
 * @param {() => void} onGone
 */
function watchParent(onGone) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, PARENT_POLL_MS)
  timer.unref()
}

/**
 * @param {string} file
 * @param {((pid: number) => string) | undefined} busy
 */
async function claimFolder(file, busy) {
  while (!claim(file)) {
    const holder = holderOf(file)
    if (holder) throw new Problem(busy?.(holder) ?? `${file} is in use by process ${holder}.`)
    await endLeftOvers(file)
  }
}

/**
 * @template T
 * @param {() => Promise<T>} work
 * @param {AbortSignal} signal
 */
async function begin(work, signal) {
  signal.throwIfAborted()
  return work()
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
function untilAborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
