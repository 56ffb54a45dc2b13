/** npm start: from a machine with nothing but Node to a sale. Ctrl-C ends what it started; the data stays. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { help, parseOptions, parsePort } from './options.mjs'
import { dataFolder, root } from './places.mjs'
import { tryPort } from './ports.mjs'
import { launch } from './processes.mjs'
import { complain, Problem, say, step } from './progress.mjs'
import { RANK } from './running.mjs'
import { putOnSale, threeCurls, untilSelling } from './sale.mjs'
import { getServices, secretIn } from './services.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

/** Longer than the apps' own limit, which is SHUTDOWN_GRACE_MS after DRAIN_DELAY_MS. */
const APP_GRACE_SLACK_MS = 5_000
/** As apps/worker/src/config.ts has it. */
const METRICS_PORT_DEFAULT = 9_464
/** As in the Dockerfile. */
const YOUNG_HEAP = '--max-semi-space-size=32'

const { options, host, port } = readSettings()
await supervise({
  file: join(dataFolder, 'running.json'),
  busy: (pid) =>
    `npm start runs here already, as process ${pid}, with the data of ${dataFolder}.\nStop it first.`,
  codeWhenStopped: 0,
  work,
})

function readSettings() {
  try {
    const parsed = parseOptions(process.argv.slice(2))
    if (parsed.help) {
      say(help)
      process.exit(0)
    }
    const settings = join(root, '.env')
    if (existsSync(settings)) process.loadEnvFile?.(settings) // What the environment says already wins.
    const listenOn = process.env['HOST'] || '127.0.0.1'
    return { options: parsed, host: listenOn, port: parsePort(process.env['PORT']) }
  } catch (error) {
    complain(error)
    return process.exit(1)
  }
}

/**
 * @param {import('./running.mjs').Running} running
 * @returns {Promise<'stay'>}
 */
async function work(running) {
  const ports = Array.from({ length: options.api }, (_, index) => port + index)
  await checkPorts(ports)
  const toolchainEnv = await prepare(running)
  const services = await getServices({
    folder: dataFolder,
    mayInstall: options.mayInstall,
    bufferPool: '256M',
    composeProject: 'flashlane',
    throwAway: false,
    running,
  })
  const { MYSQL_APP_URL, MYSQL_MIGRATE_URL, ...urls } = services
  const env = { ...toolchainEnv, ...urls, ...(MYSQL_APP_URL && { MYSQL_URL: MYSQL_APP_URL }) }
  leave(running, 'mysql-url', `${services.MYSQL_URL}\n`)
  await step('migrating the database', () =>
    migrate(running, { ...env, MYSQL_URL: MYSQL_MIGRATE_URL ?? urls.MYSQL_URL }),
  )

  const adminToken = process.env['ADMIN_TOKEN'] || secretIn(join(dataFolder, 'admin-token'))
  const addresses = ports.map((apiPort) => `http://${hostToAsk()}:${apiPort}`)
  await step(`starting ${options.api} api and ${options.worker} worker`, async () => {
    for (let index = 1; index <= options.worker; index++)
      startApp(running, { kind: 'worker', name: `worker ${index}`, env: withMetrics(env, index) })
    for (const [index, apiPort] of ports.entries())
      startApp(running, {
        kind: 'api',
        name: `api ${index + 1}`,
        env: { ...env, PORT: String(apiPort), ADMIN_TOKEN: adminToken },
      })
    await Promise.all(addresses.map(untilSelling))
  })

  const [address = ''] = addresses
  leave(running, 'operator.json', JSON.stringify({ url: address, token: adminToken }))
  const productId = await putOnSale(address, adminToken)
  tellHowToBuy({ addresses, productId, adminToken })
  return 'stay'
}

/**
 * For npm run audit and npm run flashlane, as long as this runs. It has a secret.
 * @param {import('./running.mjs').Running} running
 * @param {string} name
 * @param {string} text
 */
function leave(running, name, text) {
  const file = join(dataFolder, name)
  writeFileSync(file, text, { mode: 0o600 })
  running.atEnd(() => rmSync(file, { force: true }))
}

/** An api that listens on all addresses answers on this one. */
function hostToAsk() {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** @param {readonly number[]} ports */
async function checkPorts(ports) {
  for (const wanted of ports)
    if (!(await tryPort(wanted, host)))
      throw new Problem(
        `Port ${wanted} is taken by another program. End that one, or choose another port:\n  PORT=${wanted + 1000} npm start`,
      )
}

/**
 * @param {import('./running.mjs').Running} running
 * @param {NodeJS.ProcessEnv} env
 */
async function migrate(running, env) {
  const args = [join('packages', 'db', 'src', 'migrate-command.ts')]
  const { code, tail } = await running.run({
    name: 'migrate',
    command: 'node',
    args,
    cwd: root,
    env,
    output: 'capture',
  })
  if (code !== 0) throw new Problem(`The database could not be migrated.\n${tail}`)
}

/**
 * Each worker's own port: the first has METRICS_PORT, the others those after it.
 * @param {NodeJS.ProcessEnv} env
 * @param {number} index
 */
function withMetrics(env, index) {
  const first = Number(process.env['METRICS_PORT'] || METRICS_PORT_DEFAULT)
  return { ...env, METRICS_PORT: String(first === 0 ? 0 : first + index - 1) }
}

/**
 * @param {import('./running.mjs').Running} running
 * @param {{ kind: 'api' | 'worker', name: string, env: NodeJS.ProcessEnv }} app
 */
function startApp(running, { kind, name, env }) {
  const grace =
    Number(process.env['SHUTDOWN_GRACE_MS'] || 10_000) +
    Number(process.env['DRAIN_DELAY_MS'] || 1_000)
  const args = [YOUNG_HEAP, join('apps', kind, 'src', 'main.ts')]
  const child = launch({ command: 'node', args, cwd: root, env, output: 'inherit' })
  running.keep({ name, child, rank: RANK[kind], graceMs: grace + APP_GRACE_SLACK_MS })
}

/** @param {{ addresses: readonly string[], productId: number, adminToken: string }} facts */
function tellHowToBuy({ addresses, productId, adminToken }) {
  const [address = ''] = addresses
  const curls = threeCurls(address, productId)
  const isSigned = Boolean(process.env['WEBHOOK_SECRET'])
  say(`
Flashlane sells at ${addresses.join(', ')}

Hold two of product ${productId}, order them, and say that they are paid:

${(isSigned ? curls.slice(0, 2) : curls).join('\n')}

${tellWhoIsBelieved(address, isSigned)}

${process.env['ADMIN_TOKEN'] ? 'ADMIN_TOKEN is yours.' : `ADMIN_TOKEN=${adminToken}`}
npm run flashlane -- watch shows the sale as it happens; npm run flashlane -- --help, what else there is.
Ctrl-C stops everything; the data stays in .flashlane/data.
`)
}

/**
 * @param {string} address
 * @param {boolean} isSigned
 */
function tellWhoIsBelieved(address, isSigned) {
  if (isSigned)
    return 'The payment webhook must be signed with WEBHOOK_SECRET: docs/api.md says how.'
  return `WARNING: webhooks are NOT signed. Whoever reaches ${address}/api/payments/webhook
can say that an order is paid. Set WEBHOOK_SECRET before anybody else reaches it.`
}
