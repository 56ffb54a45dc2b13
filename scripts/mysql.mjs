/** A private MySQL or MariaDB: its data in a folder of its own, on a loopback port, durable as a real one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findBinary } from './binaries.mjs'
import { pingMysql, untilAnswers } from './ping.mjs'
import { makeShortFolder } from './places.mjs'
import { beginningOf, endProcess, lastLines, launch } from './processes.mjs'
import { Problem } from './progress.mjs'

/**
 * What each user is for, and what it has on the databases; docs/operating.md says the same. api and worker change rows
 * only, so whoever gets into one can neither drop a table nor delete what it did. What prunes cannot change what it leaves.
 */
export const USERS = {
  flashlane_app: 'SELECT, INSERT, UPDATE',
  flashlane_prune: 'SELECT, INSERT, DELETE',
  flashlane_migrate: 'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES',
}

const READY_MS_MAX = 120_000
const STOP_MS_MAX = 60_000
const INITIALISE_MS_MAX = 120_000
const CONNECTIONS_MAX = 500

export const findMysql = () => findBinary(['mysqld', 'mariadbd'])

/** The server refuses to run as root unless it is told to; a clone under /root is closed to any other user. */
const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []

/**
 * @typedef {{
 *   folder: string,
 *   port: number,
 *   password: string,
 *   bufferPool: string,
 *   settings?: readonly string[],
 *   env?: NodeJS.ProcessEnv,
 *   onLaunch?: import('./redis.mjs').OnLaunch,
 * }} MysqlOptions `settings`: further arguments.
 */

/**
 * @param {MysqlOptions} options
 * @returns {Promise<import('./redis.mjs').Server & { urls: { app: string, migrate: string, prune: string } }>} `url` is of a user who may also make databases.
 */
export async function startMysql({
  folder,
  port,
  password,
  bufferPool,
  settings = [],
  env = process.env,
  onLaunch,
}) {
  const binary = findMysql()
  if (!binary) throw new Problem('There is no mysqld or mariadbd on this machine.')
  const version = execFileSync(binary, ['--no-defaults', '--version'], { encoding: 'utf8' })
  const isMariadb = version.includes('MariaDB')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const data = join(folder, 'data')
  const short = makeShortFolder()
  try {
    if (!existsSync(data)) initialise(binary, { data, short, isMariadb })
  } catch (error) {
    rmSync(short, { recursive: true, force: true })
    throw error
  }
  const initFile = join(short, 'init.sql')
  writeFileSync(initFile, firstStatements({ password }), { mode: 0o600 })
  const logFile = join(folder, 'mysql.log')
  const args = [
    '--no-defaults',
    ...asRoot,
    `--datadir=${data}`,
    `--socket=${join(short, 's')}`,
    `--pid-file=${join(short, 'pid')}`,
    `--init-file=${initFile}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    `--max-connections=${CONNECTIONS_MAX}`,
    '--character-set-server=utf8mb4',
    `--innodb-buffer-pool-size=${bufferPool}`,
    '--innodb-flush-log-at-trx-commit=1',
    '--sync-binlog=1',
    ...(isMariadb ? [] : ['--mysqlx=OFF', '--secure-file-priv=NULL']),
    ...settings,
  ]
  const child = launch({ command: binary, args, cwd: folder, env, output: { logFile } })
  const named = { pid: child.pid, beginning: beginningOf(child.pid) }
  onLaunch?.(child, short)

  const urlOf = (/** @type {string} */ user) =>
    `mysql://${user}:${password}@127.0.0.1:${port}/flashlane`
  const url = urlOf('flashlane')
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    await endProcess(named, { signal, graceMs: STOP_MS_MAX, group: false })
    rmSync(short, { recursive: true, force: true })
  }
  try {
    await untilAnswers(() => pingMysql(url), { name: 'MySQL', child, msMax: READY_MS_MAX })
    rmSync(initFile, { force: true })
  } catch (error) {
    await end('SIGKILL')
    throw new Problem(
      `MySQL did not start (${String(error)}). Its log, ${logFile}, ends with:\n${child.tail()}`,
    )
  }
  const urls = {
    app: urlOf('flashlane_app'),
    migrate: urlOf('flashlane_migrate'),
    prune: urlOf('flashlane_prune'),
  }
  return { url, urls, port, child, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

/**
 * Makes the data folder beside its place first: one that a kill cut off is never taken for whole. MariaDB's script
 * trips over a blank in a path, so it is shown a link.
 * @param {string} binary
 * @param {{ data: string, short: string, isMariadb: boolean }} what
 */
function initialise(binary, { data, short, isMariadb }) {
  const fresh = `${data}.new`
  rmSync(fresh, { recursive: true, force: true })
  symlinkSync(dirname(data), join(short, 'link'))
  const installer = isMariadb ? findBinary(['mariadb-install-db', 'mysql_install_db']) : binary
  if (!installer)
    throw new Problem(
      `There is no mariadb-install-db beside ${binary}: install the whole package of MariaDB's server.`,
    )
  const args = isMariadb
    ? ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve']
    : ['--initialize-insecure']
  const datadir = `--datadir=${join(short, 'link', basename(fresh))}`
  const made = spawnSync(installer, ['--no-defaults', datadir, ...asRoot, ...args], {
    cwd: short,
    encoding: 'utf8',
    timeout: INITIALISE_MS_MAX,
  })
  rmSync(join(short, 'link'))
  if (made.status !== 0)
    throw new Problem(
      `${installer} could not make a database.\n${lastLines(`${made.stdout}\n${made.stderr}`)}`,
    )
  renameSync(fresh, data)
}

/**
 * Run by the server before it takes connections, at every start: a password that was lost is set anew. Root has none,
 * but comes in only by the socket, which lies in a folder that no other user can enter.
 * @param {{ password: string }} options
 */
function firstStatements({ password }) {
  const statements = [
    "DROP USER IF EXISTS ''@'localhost', 'root'@'127.0.0.1', 'root'@'::1'",
    'CREATE DATABASE IF NOT EXISTS flashlane',
    `CREATE USER IF NOT EXISTS 'flashlane'@'%' IDENTIFIED BY '${password}'`,
    `ALTER USER 'flashlane'@'%' IDENTIFIED BY '${password}'`,
    "GRANT ALL PRIVILEGES ON `flashlane%`.* TO 'flashlane'@'%'",
    "GRANT PROCESS ON *.* TO 'flashlane'@'%'",
    ...Object.entries(USERS).flatMap(([user, rights]) => [
      `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}'`,
      `ALTER USER '${user}'@'%' IDENTIFIED BY '${password}'`,
      `GRANT ${rights} ON \`flashlane%\`.* TO '${user}'@'%'`,
    ]),
    "GRANT PROCESS ON *.* TO 'flashlane_app'@'%'",
  ]
  return `${statements.join(';\n')};\n`
}
