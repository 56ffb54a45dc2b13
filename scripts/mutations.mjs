/** npm run mutations: everything it takes, as for npm test; then tests/mutations/main.ts. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readOptions, runCommand } from './command.mjs'
import { help, parseMutationsOptions } from './mutations-options.mjs'
import { root } from './places.mjs'
import { getServices } from './services.mjs'
import { prepare } from './toolchain.mjs'

/** As in npm test. */
const MYSQL_SETTINGS = [
  '--skip-log-bin',
  '--innodb-buffer-pool-load-at-startup=OFF',
  '--innodb-buffer-pool-dump-at-shutdown=OFF',
]

const options = readOptions(parseMutationsOptions, help)
await runCommand('mutations', work)

/**
 * @param {import('./running.mjs').Running} running
 * @param {string} folder
 */
async function work(running, folder) {
  const env = await prepare(running)
  const { NODE_ENV: _, ...clean } = env
  if (options.url) process.env['MYSQL_URL'] = options.url
  const services = await getServices({
    folder,
    mayInstall: options.mayInstall,
    bufferPool: '128M',
    mysqlSettings: MYSQL_SETTINGS,
    composeProject: `flashlane-mutations-${process.pid}`,
    throwAway: true,
    running,
  })
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const { code } = await running.run({
    name: 'mutations',
    command: 'node',
    args: [
      join('tests', 'mutations', 'main.ts'),
      ...(options.rows ? ['--rows'] : []),
      ...options.words,
    ],
    cwd: root,
    env: {
      ...clean,
      ...services,
      FLASHLANE_TEST_FOLDER: temporary,
      FLASHLANE_MUTATIONS_FOLDER: temporary,
    },
    output: 'inherit',
  })
  return code ?? 1
}
