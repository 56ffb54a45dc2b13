/** npm run audit: checks the books of the database that MYSQL_URL names, or of the npm start that runs here. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAuditOptions, auditHelp } from './audit-options.mjs'
import { dataFolder, root } from './places.mjs'
import { complain, Problem, say } from './progress.mjs'
import { holderOf } from './running.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

/** 0 and 1 are the audit's own: clean, and violations. */
const COULD_NOT_RUN = 2
const CODE_WHEN_STOPPED = 130

const options = readOptions()
await supervise({ codeWhenStopped: CODE_WHEN_STOPPED, work })

function readOptions() {
  try {
    const parsed = parseAuditOptions(process.argv.slice(2))
    if (parsed.help) {
      say(auditHelp)
      process.exit(0)
    }
    const settings = join(root, '.env')
    if (existsSync(settings)) process.loadEnvFile?.(settings) // What the environment says already wins.
    return parsed
  } catch (error) {
    complain(error)
    return process.exit(COULD_NOT_RUN)
  }
}

/** @param {import('./running.mjs').Running} running */
async function work(running) {
  try {
    const url = process.env['MYSQL_URL'] || urlOfStart()
    const env = await prepare(running)
    const { productId, ledger, isJson } = options
    const { code } = await running.run({
      name: 'audit',
      command: 'node',
      args: [
        join('packages', 'audit', 'src', 'command.ts'),
        ...(productId ? ['--product', productId] : []),
        ...(ledger ? ['--ledger', resolve(ledger)] : []),
        ...(isJson ? ['--json'] : []),
      ],
      cwd: root,
      env: { ...env, MYSQL_URL: url },
      output: 'inherit',
    })
    return code ?? COULD_NOT_RUN
  } catch (error) {
    complain(error)
    return COULD_NOT_RUN
  }
}

function urlOfStart() {
  const file = join(dataFolder, 'mysql-url')
  if (existsSync(file) && holderOf(join(dataFolder, 'running.json'))) {
    return readFileSync(file, 'utf8').trim()
  }
  throw new Problem(
    'Which database? npm start does not run here, and MYSQL_URL is not set: start the one, or set the other.',
  )
}
