/** npm run faults: the pinned Node and the servers' programs, then faults/src/main.ts, which starts servers of its own. */
import { mkdirSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { canInstall, installPackages } from './apt.mjs'
import { readOptions, runCommand } from './command.mjs'
import { findFaketime } from './faketime.mjs'
import { faultsHelp, parseFaultsOptions } from './faults-options.mjs'
import { findMysql } from './mysql.mjs'
import { root } from './places.mjs'
import { Problem } from './progress.mjs'
import { findRedis } from './redis.mjs'
import { prepare } from './toolchain.mjs'

/** The row of wrong clocks. */
const CLOCKS = 20

const options = readOptions(parseFaultsOptions, faultsHelp)
await runCommand('faults', work)

/**
 * @param {import('./running.mjs').Running} running
 * @param {string} folder
 */
async function work(running, folder) {
  const env = await prepare(running)
  // The first that is found is started.
  const path = options.mysqld ? `${resolve(options.mysqld)}${delimiter}${env['PATH']}` : env['PATH']
  process.env['PATH'] = path
  await getPrograms(running)
  mkdirSync(folder, { recursive: true })
  const { code } = await running.run({
    name: 'faults',
    command: 'node',
    args: [
      join('faults', 'src', 'main.ts'),
      ...process.argv.slice(2),
      '--seed',
      String(options.seed),
    ],
    cwd: root,
    env: { ...env, PATH: path, FLASHLANE_FAULTS_FOLDER: folder },
    output: 'inherit',
  })
  return code ?? 1
}

/** A row kills servers: they have to be programs of this machine. */
async function getPrograms(/** @type {import('./running.mjs').Running} */ running) {
  const missing = [
    ...(findMysql() ? [] : [/** @type {const} */ ('mysql')]),
    ...(findRedis() ? [] : [/** @type {const} */ ('redis')]),
    ...(findFaketime() || !isAsked(CLOCKS) ? [] : [/** @type {const} */ ('faketime')]),
  ]
  if (missing.length === 0) return
  if (options.mayInstall && canInstall()) return installPackages(running, missing)
  throw new Problem(
    `There is no program of ${missing.join(' and ')} here: install mariadb-server or MySQL, redis-server or valkey-server, and libfaketime. No service needs to run.`,
  )
}

/** @param {number} row */
function isAsked(row) {
  return options.only?.includes(row) ?? true
}
