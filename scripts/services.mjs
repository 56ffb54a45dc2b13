/**
 * Finds or starts MySQL and Redis. In this order, for each of the two: a URL in the environment; a server of this
 * machine, started as a private instance; Docker Compose; and, where apt can, installing the server first.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canInstall, installPackages } from './apt.mjs'
import { composeAnswers, startByCompose } from './docker.mjs'
import { findMysql, startMysql } from './mysql.mjs'
import { pingMysql, pingRedis } from './ping.mjs'
import { freePort } from './ports.mjs'
import { Problem, say, step } from './progress.mjs'
import { findRedis, startRedis } from './redis.mjs'
import { RANK } from './running.mjs'

export { freePort, startMysql, startRedis }

const STOP_MYSQL_MS_MAX = 60_000
const STOP_REDIS_MS_MAX = 20_000

/**
 * @typedef {{
 *   folder: string,
 *   mayInstall: boolean,
 *   bufferPool: string,
 *   mysqlSettings?: readonly string[],
 *   composeProject: string,
 *   throwAway: boolean,
 *   running: import('./running.mjs').Running,
 * }} Needs `folder` takes the data and the passwords; `throwAway` concerns the volumes of Docker.
 */

/**
 * @param {Needs} needs
 * @returns {Promise<{ MYSQL_URL: string, REDIS_URL: string, MYSQL_APP_URL?: string, MYSQL_MIGRATE_URL?: string }>} A server of our own has users with only the rights that they need.
 */
export async function getServices(needs) {
  const given = { mysql: process.env['MYSQL_URL'], redis: process.env['REDIS_URL'] }
  if (given.mysql) await check('MYSQL_URL', () => pingMysql(given.mysql ?? ''))
  if (given.redis) await check('REDIS_URL', () => pingRedis(given.redis ?? ''))

  const missing = () => [
    ...(given.mysql || findMysql() ? [] : [/** @type {const} */ ('mysql')]),
    ...(given.redis || findRedis() ? [] : [/** @type {const} */ ('redis')]),
  ]
  /** @type {Awaited<ReturnType<typeof startByCompose>> | undefined} */
  let compose
  if (missing().length > 0) {
    if (composeAnswers()) compose = await startByCompose(needs, missing())
    else await install(needs, missing())
  }
  const mysql = given.mysql ?? compose?.mysql
  return {
    ...(mysql ? { MYSQL_URL: mysql } : await ownMysql(needs)),
    REDIS_URL: given.redis ?? compose?.redis ?? (await ownRedis(needs)),
  }
}

/**
 * @param {string} setting
 * @param {() => Promise<void>} ping
 */
async function check(setting, ping) {
  try {
    await ping()
    say(`- using the server of ${setting}`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem(
      `${setting} is set, but that server does not answer: ${reason}\nCorrect it, or unset it to have a private server started.`,
    )
  }
}

/**
 * @param {Needs} needs
 * @param {readonly ('mysql' | 'redis')[]} missing
 */
async function install({ mayInstall, running }, missing) {
  if (mayInstall && canInstall()) return installPackages(running, missing)
  const names = missing.map((name) =>
    name === 'mysql' ? 'MySQL (or MariaDB)' : 'Redis (or Valkey)',
  )
  const urls = missing.map((name) => `${name.toUpperCase()}_URL`)
  throw new Problem(
    [
      `There is no ${names.join(' and no ')} here, no Docker that answers, and nothing may be installed${mayInstall ? ' (that takes Debian or Ubuntu, as root or with sudo that asks no password)' : ' (--no-install)'}.`,
      'Do one of these and try again:',
      `  install ${missing.map((name) => (name === 'mysql' ? 'mariadb-server (10.11 or later) or MySQL (8.4 or later)' : 'redis-server or valkey-server')).join(' and ')}: the programs are enough, no service needs to run`,
      `  set ${urls.join(' and ')} to servers that you have`,
      '  start Docker',
    ].join('\n'),
  )
}

/** @param {Needs} needs */
function ownMysql({ folder, bufferPool, mysqlSettings = [], running }) {
  return step('starting a private MySQL', async () => {
    const { url, urls } = await startMysql({
      folder: join(folder, 'mysql'),
      port: await freePort(),
      password: secretIn(join(folder, 'mysql-password')),
      bufferPool,
      settings: mysqlSettings,
      onLaunch: (child, short) =>
        running.keep({
          name: 'MySQL',
          child,
          rank: RANK.mysql,
          graceMs: STOP_MYSQL_MS_MAX,
          folder: short,
        }),
    })
    return { MYSQL_URL: url, MYSQL_APP_URL: urls.app, MYSQL_MIGRATE_URL: urls.migrate }
  })
}

/** @param {Needs} needs */
function ownRedis({ folder, running }) {
  return step('starting a private Redis', async () => {
    const { url } = await startRedis({
      folder: join(folder, 'redis'),
      port: await freePort(),
      password: secretIn(join(folder, 'redis-password')),
      onLaunch: (child) =>
        running.keep({ name: 'Redis', child, rank: RANK.redis, graceMs: STOP_REDIS_MS_MAX }),
    })
    return url
  })
}

/**
 * A secret that is made once and kept in a file that only its owner reads.
 * @param {string} file
 */
export function secretIn(file) {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (kept) return kept
  const secret = randomBytes(24).toString('hex')
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  return secret
}
