/** The pinned Node and pnpm, from the npm registry, and the dependencies: fetched once, whatever Node is on the machine. */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ours, root } from './places.mjs'
import { Problem, step } from './progress.mjs'
import { claim, holderOf } from './running.mjs'

const PNPM_VERSION = '12.21.0'
const LOCK_POLL_MS = 200

const nodeVersion = readFileSync(join(root, '.nvmrc'), 'utf8').trim()
const lockFile = join(ours, 'preparing.json')
const stampFile = join(root, 'node_modules', '.flashlane-stamp')

/** @typedef {Pick<import('./running.mjs').Running, 'run'>} Runner */

/**
 * The environment in which everything of ours runs: the pinned Node and pnpm come first on the PATH, the dependencies are there.
 * @param {Runner} runner
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function prepare(runner) {
  while (!claim(lockFile)) {
    if (!holderOf(lockFile)) rmSync(lockFile, { force: true })
    await sleep(LOCK_POLL_MS)
  }
  try {
    const env = await getToolchain(runner)
    await getDependencies(runner, env)
    return env
  } finally {
    rmSync(lockFile, { force: true })
  }
}

/** @param {string} version */
function major(version) {
  return version.split('.')[0]
}

/** @param {Runner} runner */
async function getToolchain({ run }) {
  const ownNode = major(process.versions.node) === major(nodeVersion)
  const packages = [...(ownNode ? [] : [`node@${nodeVersion}`]), `pnpm@${PNPM_VERSION}`]
  const folder = join(ours, 'toolchain', packages.join('_'))
  const bin = join(folder, 'node_modules', '.bin')
  const path = [bin, dirname(process.execPath), process.env['PATH']].join(delimiter)
  const env = { ...process.env, PATH: path }
  if (existsSync(folder)) return env

  await step(`fetching ${packages.join(' and ')} from the npm registry`, async () => {
    const fresh = `${folder}.new`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { recursive: true })
    const args = ['install', '--prefix', fresh, '--no-audit', '--no-fund', ...packages]
    const { code, tail } = await run({
      name: 'npm install',
      command: 'npm',
      args,
      output: 'capture',
    })
    if (code !== 0)
      throw new Problem(
        `npm could not fetch ${packages.join(' and ')}: is the npm registry reachable?\n${tail}`,
      )
    if (!ownNode) await checkNode(run, join(fresh, 'node_modules', '.bin', 'node'))
    renameSync(fresh, folder)
  })
  return env
}

/**
 * @param {Runner['run']} run
 * @param {string} node
 */
async function checkNode(run, node) {
  const args = ['--version']
  const { code, tail } = await run({ name: 'node', command: node, args, output: 'capture' })
  if (code === 0 && tail.trim() === `v${nodeVersion}`) return
  throw new Problem(
    `The node package from the npm registry does not run here (npm's ignore-scripts is one cause).\nInstall Node ${nodeVersion} and try again.\n${tail}`,
  )
}

/**
 * @param {Runner} runner
 * @param {NodeJS.ProcessEnv} env
 */
async function getDependencies({ run }, env) {
  const stamp = stampOfManifests()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  await step('installing dependencies with pnpm', async () => {
    const { code, tail } = await run({
      name: 'pnpm install',
      command: 'pnpm',
      args: ['install', '--frozen-lockfile'],
      cwd: root,
      env: { ...env, CI: 'true' }, // It asks nothing.
      output: 'capture',
    })
    if (code !== 0) throw new Problem(`pnpm could not install the dependencies.\n${tail}`)
    writeFileSync(stampFile, stamp)
  })
}

/** Changes with whatever decides what is installed. */
function stampOfManifests() {
  const hash = createHash('sha256').update(`${nodeVersion} ${PNPM_VERSION}`)
  const folders = ['.', ...subfolders('.'), ...subfolders('apps'), ...subfolders('packages')]
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...folders.map((folder) => join(folder, 'package.json')),
  ]
  for (const file of files) {
    const path = join(root, file)
    if (existsSync(path)) hash.update(`${file}\n`).update(readFileSync(path))
  }
  return hash.digest('hex')
}

/** @param {string} folder */
function subfolders(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
    )
    .map((entry) => join(folder, entry.name))
}
