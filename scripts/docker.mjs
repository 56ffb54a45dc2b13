/** The services of docker-compose.yml, for a machine that has Docker and no servers. */
import { spawnSync } from 'node:child_process'
import { root } from './places.mjs'
import { Problem, step } from './progress.mjs'

const ANSWER_MS_MAX = 10_000

/** @typedef {'mysql' | 'redis'} ServiceName */

/** The client alone is not enough: an engine has to answer, and Compose has to be there. */
export function composeAnswers() {
  return [['info'], ['compose', 'version']].every(
    (args) => spawnSync('docker', args, { timeout: ANSWER_MS_MAX, stdio: 'ignore' }).status === 0,
  )
}

/**
 * @param {{ composeProject: string, throwAway: boolean, running: Pick<import('./running.mjs').Running, 'run' | 'atEnd'> }} needs
 * @param {readonly ServiceName[]} services
 */
export async function startByCompose({ composeProject, throwAway, running }, services) {
  const password = process.env['MYSQL_PASSWORD'] ?? 'flashlane'
  const env = { ...process.env, MYSQL_PASSWORD: password } // Compose reads .env by itself, the tests do not.
  running.atEnd(() => {
    const args = throwAway ? ['down', '--volumes'] : ['stop', ...services]
    spawnSync('docker', ['compose', '--project-name', composeProject, ...args], {
      cwd: root,
      env,
      stdio: 'ignore',
    })
  })
  const compose = async (/** @type {readonly string[]} */ ...args) => {
    const { code, tail } = await running.run({
      name: 'docker compose',
      command: 'docker',
      args: ['compose', '--project-name', composeProject, ...args],
      cwd: root,
      env,
      output: 'capture',
    })
    if (code !== 0) throw new Problem(`docker compose ${args.join(' ')} failed.\n${tail}`)
    return tail.trim()
  }
  await step(`starting ${services.join(' and ')} with Docker Compose`, () =>
    compose('up', '--detach', '--wait', ...services),
  )
  /** @param {ServiceName} service */
  const addressOf = async (service) => {
    const said = await compose('port', service, service === 'mysql' ? '3306' : '6379')
    const address = /\S+:\d+$/m.exec(said)?.[0] // Warnings may stand around it.
    if (!address) throw new Problem(`docker compose does not tell the port of ${service}.\n${said}`)
    return address
  }
  return {
    mysql: services.includes('mysql')
      ? `mysql://flashlane:${encodeURIComponent(password)}@${await addressOf('mysql')}/flashlane`
      : undefined,
    redis: services.includes('redis') ? `redis://${await addressOf('redis')}` : undefined,
  }
}
