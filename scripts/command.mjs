/** How the commands begin that start services of their own: options, what a killed run left behind, a folder, supervision. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pageName, removeLeftOvers } from './left-overs.mjs'
import { ours } from './places.mjs'
import { complain, say } from './progress.mjs'
import { supervise } from './supervise.mjs'

const CODE_WHEN_STOPPED = 130

/**
 * Ends the process where help is asked for, or the options are none.
 * @template {{ help: boolean }} Options
 * @param {(args: string[]) => Options} parse
 * @param {string} help
 * @returns {Options}
 */
export function readOptions(parse, help) {
  try {
    const options = parse(process.argv.slice(2))
    if (!options.help) return options
    say(help)
    return process.exit(0)
  } catch (error) {
    complain(error)
    return process.exit(1)
  }
}

/**
 * The folder, named for the command, goes at the end.
 * @param {string} name
 * @param {(running: import('./running.mjs').Running, folder: string) => Promise<number>} work Gives the exit code.
 */
export async function runCommand(name, work) {
  const folder = join(ours, `${name}-${process.pid}`)
  await removeLeftOvers(name)
  await supervise({
    file: join(folder, pageName),
    codeWhenStopped: CODE_WHEN_STOPPED,
    work(running) {
      running.atEnd(() => rmSync(folder, { recursive: true, force: true }))
      return work(running, folder)
    },
  })
}
