/**
 * npm test: everything it takes, then vitest. `npm test -- unit` needs no services; `--redis-cluster` lets each end-to-end
 * test have a Redis Cluster in place of one server; other words and flags go to vitest.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pageName, removeLeftOvers } from './left-overs.mjs'
import { ours, root } from './places.mjs'
import { getServices } from './services.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

const ON_CLUSTER = '--redis-cluster'
const PROJECTS = new Set(['unit', 'int', 'e2e', 'faults'])
const CODE_WHEN_STOPPED = 130
/** Throw-away data: small files, nothing that only slows the start. Commits stay durable, since that is tested. */
const MYSQL_SETTINGS = [
  '--skip-log-bin',
  '--innodb-buffer-pool-load-at-startup=OFF',
  '--innodb-buffer-pool-dump-at-shutdown=OFF',
]

const words = process.argv.slice(2).filter((word) => word !== ON_CLUSTER)
const onCluster = process.argv.includes(ON_CLUSTER) ? { FLASHLANE_TEST_REDIS: 'cluster' } : {}
const projects = words.filter((word) => PROJECTS.has(word))
const forVitest = words.filter((word) => !PROJECTS.has(word))
const folder = join(ours, `test-${process.pid}`)

await removeLeftOvers('test')
await supervise({ file: join(folder, pageName), codeWhenStopped: CODE_WHEN_STOPPED, work })

/** @param {import('./running.mjs').Running} running */
async function work(running) {
  running.atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const env = await prepare(running)
  const { NODE_ENV: _, ...clean } = env
  const services = needServices()
    ? await getServices({
        folder,
        mayInstall: true,
        bufferPool: '128M',
        mysqlSettings: MYSQL_SETTINGS,
        composeProject: `flashlane-test-${process.pid}`,
        throwAway: true,
        running,
      })
    : {}
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const { code } = await running.run({
    name: 'vitest',
    command: 'node',
    args: [
      join('node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...forVitest,
    ],
    cwd: join(root, 'tests'),
    env: {
      ...clean,
      ...services,
      ...onCluster,
      FLASHLANE_TEST_FOLDER: temporary,
      // The tests start some two hundred processes of the same code: each compiles what those before it did not.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
    },
    output: 'inherit',
  })
  return code ?? 1
}

function needServices() {
  return projects.length === 0 || projects.some((project) => project !== 'unit')
}
