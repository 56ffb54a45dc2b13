/** A private Redis (or Valkey): its data in a folder of its own, on a loopback port, durable as a real one. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { findBinary } from './binaries.mjs'
import { pingRedis, untilAnswers } from './ping.mjs'
import { beginningOf, endProcess, launch } from './processes.mjs'
import { Problem } from './progress.mjs'

const READY_MS_MAX = 60_000
const STOP_MS_MAX = 20_000

export const findRedis = () => findBinary(['redis-server', 'valkey-server'])

/**
 * @typedef {{
 *   url: string,
 *   port: number,
 *   child: import('./processes.mjs').Child,
 *   stop: () => Promise<void>,
 *   kill: () => Promise<void>,
 * }} Server `kill` is kill -9; both return when the process is gone, and a start with the same folder and port may follow.
 * @typedef {(child: import('./processes.mjs').Child, folder?: string) => void} OnLaunch Told before the server is ready; the folder goes with the process.
 */

/**
 * @param {{ folder: string, port: number, password?: string, settings?: readonly string[], onLaunch?: OnLaunch }} options `settings`: further lines of its configuration.
 * @returns {Promise<Server>}
 */
export async function startRedis({ folder, port, password, settings: further = [], onLaunch }) {
  const binary = findRedis()
  if (!binary) throw new Problem('There is no redis-server or valkey-server on this machine.')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const logFile = join(folder, 'redis.log')
  const settings = [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    `dir ${JSON.stringify(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    ...(password ? [`requirepass ${password}`] : []),
    ...further,
  ]
  // By standard input, since a password among the arguments could be read by all.
  const input = `${settings.join('\n')}\n`
  const child = launch({ command: binary, args: ['-'], cwd: folder, output: { logFile }, input })
  const named = { pid: child.pid, beginning: beginningOf(child.pid) }
  onLaunch?.(child)

  const url = `redis://${password ? `:${password}@` : ''}127.0.0.1:${port}`
  const end = (/** @type {NodeJS.Signals} */ signal) =>
    endProcess(named, { signal, graceMs: STOP_MS_MAX, group: false })
  try {
    await untilAnswers(() => pingRedis(url), { name: 'Redis', child, msMax: READY_MS_MAX })
  } catch (error) {
    await end('SIGKILL')
    throw new Problem(
      `Redis did not start (${String(error)}). Its log, ${logFile}, ends with:\n${child.tail()}`,
    )
  }
  return { url, port, child, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}
