/** npm run mutations: everything it takes, as for npm test; then tests/mutations/main.ts. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pageName, removeLeftOvers } from './left-overs.mjs'
import { help, parseMutationsOptions } from './mutations-options.mjs'
import { ours, root } from './places.mjs'
import { complain, say } from './progress.mjs'
import { getServices } from './services.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

const CODE_WHEN_STOPPED = 130
/** As in npm test. */
const MYSQL_SETTINGS = [
  '--skip-log-bin',
  '--innodb-buffer-pool-load-at-startup=OFF',
  '--innodb-buffer-pool-dump-at-shutdown=OFF',
]

const options = readOptions()
const folder = join(ours, `mutations-${process.pid}`)

await removeLeftOvers('mutations')
await supervise({ file: join(folder, pageName), codeWhenStopped: CODE_WHEN_STOPPED, work })

function readOptions() {
  try {
    const parsed = parseMutationsOptions(process.argv.slice(2))
    if (parsed.help) {
      say(help)
      process.exit(0)
    }
    return parsed
  } catch (error) {
    complain(error)
    return process.exit(1)
  }
}

/** @param {import('./running.mjs').Running} running */
async function work(running) {
  running.atEnd(() => rmSync(folder, { recursive: true, force: true }))
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
