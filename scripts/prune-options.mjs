/** The command line of npm run prune. */
import { parseArgs } from 'node:util'
import { Problem } from './progress.mjs'

export const pruneHelp = `npm run prune [-- options]

Deletes what is older than seven days and none of the shop's books, of every product whose audit finds nothing: entries
of its journal, outcomes, and holds that ended without an order. The database, that of MYSQL_URL or of the npm start that
runs here, may go on selling.

  --days N         keep so many days, 2 at least
  --help           this

Ends with 0 when it is done, 1 where the books of a product are wrong, which is not pruned, 2 where it could not run.`

/**
 * @typedef {{ days: string | undefined, help: boolean }} PruneOptions
 * @param {readonly string[]} args
 * @returns {PruneOptions}
 */
export function parsePruneOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { days: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    return { days: values.days, help: values.help ?? false }
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n\n${pruneHelp}`)
  }
}
