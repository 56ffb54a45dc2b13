/** Child processes: started in a group of their own, ended by their id, asked first and killed after a limit. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from './progress.mjs'

const TAIL_BYTES_MAX = 32_768
const TAIL_LINES_MAX = 20
const POLL_MS = 50
const LAST_OUTPUT_MS_MAX = 500

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Exit
 * @typedef {{ pid: number, exited: Promise<Exit>, tail: () => string }} Child `tail`: the last lines of a captured output or a log.
 * @typedef {{
 *   command: string,
 *   args: readonly string[],
 *   cwd?: string,
 *   env?: NodeJS.ProcessEnv,
 *   output: 'inherit' | 'capture' | { logFile: string },
 *   input?: string,
 * }} Launch
 */

/**
 * Detached, so that Ctrl-C in a terminal, which signals everything in the foreground, reaches only the script: it ends its children in order.
 * @param {Launch} launch
 * @returns {Child}
 */
export function launch({ command, args, cwd, env = process.env, output, input }) {
  const log = typeof output === 'object' ? openSync(output.logFile, 'a', 0o600) : undefined
  const out = log ?? (output === 'inherit' ? 'inherit' : 'pipe')
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', out, out],
  })
  if (log !== undefined) closeSync(log)

  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream
      ?.setEncoding('utf8')
      .on('data', (chunk) => (text = (text + chunk).slice(-TAIL_BYTES_MAX)))
  child.stdin?.on('error', () => {}) // It may end before it has read; its exit says why.
  child.stdin?.end(input)

  /** @type {Promise<Exit>} */
  const exited = new Promise((resolve) => {
    child.on('error', () => resolve({ code: 127, signal: null }))
    child.on('close', (code, signal) => resolve({ code, signal }))
    // What it left running may hold its output open for ever.
    child.on('exit', (code, signal) =>
      setTimeout(() => resolve({ code, signal }), LAST_OUTPUT_MS_MAX).unref(),
    )
  })
  if (child.pid === undefined) throw new Problem(`${command} could not be started.`)
  const tail = () =>
    lastLines(typeof output === 'object' ? readFileSync(output.logFile, 'utf8') : text)
  return { pid: child.pid, exited, tail }
}

/** @param {string} text */
export function lastLines(text) {
  return text.trim().split('\n').slice(-TAIL_LINES_MAX).join('\n')
}

/** @param {Exit} exit */
export function describeExit({ code, signal }) {
  return signal ? `signal ${signal}` : `exit code ${code}`
}

/**
 * When a process began, which with its id names it for good: ids are used again. Nothing for one that is gone or a zombie.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function beginningOf(pid) {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    // The name stands in brackets and may hold anything; after it come the state and, as the 20th, the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** @param {{ pid: number, beginning: string | undefined }} named */
export function isAlive({ pid, beginning }) {
  return beginning !== undefined && beginningOf(pid) === beginning
}

/**
 * @param {{ pid: number, beginning: string | undefined }} named
 * @param {{ signal: NodeJS.Signals, graceMs: number, group: boolean }} how
 */
export async function endProcess(named, { signal, graceMs, group }) {
  if (!isAlive(named)) return
  send(named.pid, signal, group)
  const deadlineMs = performance.now() + graceMs
  while (isAlive(named) && performance.now() < deadlineMs) await sleep(POLL_MS)
  if (isAlive(named)) send(named.pid, 'SIGKILL', group)
  while (isAlive(named)) await sleep(POLL_MS)
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 * @param {boolean} group
 */
export function send(pid, signal, group) {
  try {
    process.kill(group ? -pid : pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
