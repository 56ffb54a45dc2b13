/** npm run bench: everything it takes, as for npm test, and wrk; then bench/src/main.ts. */
import { mkdirSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { canInstall, installPackages } from './apt.mjs'
import { help, parseBenchOptions } from './bench-options.mjs'
import { findBinary } from './binaries.mjs'
import { readOptions, runCommand } from './command.mjs'
import { root } from './places.mjs'
import { Problem } from './progress.mjs'
import { getServices } from './services.mjs'
import { prepare } from './toolchain.mjs'

const MEGABYTE = 2 ** 20
/** A quarter of the machine, at most 4 GB: five million holds and their index take some 2 GB. */
const BUFFER_POOL_MB = Math.min(4_096, Math.floor(totalmem() / MEGABYTE / 4))
/** As one would set them for a shop: the redo log's default makes InnoDB write pages while it sells. Prefixed where one server lacks them. */
const MYSQL_SETTINGS = [
  '--innodb-buffer-pool-load-at-startup=OFF',
  '--innodb-buffer-pool-dump-at-shutdown=OFF',
  '--loose-innodb-log-file-size=1G',
  '--loose-innodb-redo-log-capacity=1G',
]

const options = readOptions(parseBenchOptions, help)
await runCommand('bench', work)

/**
 * @param {import('./running.mjs').Running} running
 * @param {string} folder
 */
async function work(running, folder) {
  const env = await prepare(running)
  await getWrk(running)
  if (options.url) process.env['MYSQL_URL'] = options.url
  const services = await getServices({
    folder,
    mayInstall: options.mayInstall,
    bufferPool: `${BUFFER_POOL_MB}M`,
    mysqlSettings: MYSQL_SETTINGS,
    composeProject: `flashlane-bench-${process.pid}`,
    throwAway: true,
    running,
  })
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const { code } = await running.run({
    name: 'bench',
    command: 'node',
    args: [join('bench', 'src', 'main.ts'), ...process.argv.slice(2)],
    cwd: root,
    env: { ...env, ...services, FLASHLANE_BENCH_FOLDER: temporary },
    output: 'inherit',
  })
  return code ?? 1
}

/** @param {import('./running.mjs').Running} running */
async function getWrk(running) {
  if (findBinary(['wrk'])) return
  if (options.mayInstall && canInstall()) return installPackages(running, ['wrk'])
  throw new Problem('There is no wrk here, which makes the load: install the package wrk.')
}
