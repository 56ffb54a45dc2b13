/** What npm run audit and npm run prune share: a command of packages/audit, on the database that is meant. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, root } from './places.mjs'
import { complain, Problem, say } from './progress.mjs'
import { holderOf } from './running.mjs'
import { supervise } from './supervise.mjs'
import { prepare } from './toolchain.mjs'

/** 0 and 1 are the command's own: clean, and violations. */
const COULD_NOT_RUN = 2
const CODE_WHEN_STOPPED = 130

/**
 * @typedef {{
 *   name: string,
 *   file: string,
 *   help: string,
 *   parse: (args: readonly string[]) => { help: boolean, args: readonly string[] },
 * }} BooksCommand `file` of packages/audit/src; `parse` throws a Problem, and gives what the file is to be called with.
 * @param {BooksCommand} command
 */
export async function runOnBooks({ name, file, help, parse }) {
  const args = readArgs({ help, parse })
  await supervise({ codeWhenStopped: CODE_WHEN_STOPPED, work })

  /** @param {import('./running.mjs').Running} running */
  async function work(running) {
    try {
      const url = process.env['MYSQL_URL'] || urlOfStart()
      const env = await prepare(running)
      const { code } = await running.run({
        name,
        command: 'node',
        args: [join('packages', 'audit', 'src', file), ...args],
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
}

/** @param {Pick<BooksCommand, 'help' | 'parse'>} command */
function readArgs({ help, parse }) {
  try {
    const parsed = parse(process.argv.slice(2))
    if (parsed.help) {
      say(help)
      process.exit(0)
    }
    const settings = join(root, '.env')
    if (existsSync(settings)) process.loadEnvFile?.(settings) // What the environment says already wins.
    return parsed.args
  } catch (error) {
    complain(error)
    return process.exit(COULD_NOT_RUN)
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
