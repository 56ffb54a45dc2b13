/** npm run prune: deletes what is old from the database that MYSQL_URL names, or from that of the npm start that runs here. */
import { runOnBooks } from './books.mjs'
import { parsePruneOptions, pruneHelp } from './prune-options.mjs'

await runOnBooks({
  name: 'prune',
  file: 'prune-command.ts',
  help: pruneHelp,
  parse: (given) => {
    const { days, help } = parsePruneOptions(given)
    return { help, args: days === undefined ? [] : ['--days', days] }
  },
})
