/** The command line of npm run mutations. */
import { parseArgs } from 'node:util'
import { Problem } from './progress.mjs'

export const help = `npm run mutations [-- options] [words of a name]

Takes away what Flashlane's promises stand on, a piece at a time and on a copy of the sources, and runs the tests that
must notice. Ends with 1 if a piece is not missed. With words, only the mutations whose names have them all.

  --rows           plays rows of the fault matrix besides, whose checkers must blame the mutation; takes minutes
  --url URL        a MySQL or MariaDB to use instead of a private one, as MYSQL_URL does
  --no-install     never install a program with apt
  --help           this

docs/reliability.md tells what each is caught by.`

/**
 * @param {readonly string[]} args
 * @returns {{ words: readonly string[], rows: boolean, url: string | undefined, mayInstall: boolean, help: boolean }}
 */
export function parseMutationsOptions(args) {
  const { values, positionals } = parse(args)
  return {
    words: positionals,
    rows: values.rows ?? false,
    url: values.url,
    mayInstall: !values['no-install'],
    help: values.help ?? false,
  }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rows: { type: 'boolean' },
        url: { type: 'string' },
        'no-install': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  }
}
