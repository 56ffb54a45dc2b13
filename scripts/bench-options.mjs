/** The command line of npm run bench. */
import { parseArgs } from 'node:util'
import { Problem } from './progress.mjs'

export const SCENARIOS = /** @type {const} */ ([
  'P1',
  'P2',
  'P3',
  'P4',
  'P5',
  'P6',
  'P7',
  'P8',
  'P9',
  'P10',
  'P11',
  'P12',
])

const ROUNDS_MAX = 99

export const help = `npm run bench [-- options] [P1 P2 ... P12]

Measures Flashlane beside its peers on this machine, and says which bars it clears. Without a name, all of them.

  --quick          under three minutes in all: one short round, small tables. Shows that it works, not how fast
  --rounds N       rounds of each, in turn (7; with --quick 1)
  --seconds N      length of each measurement (8; with --quick 1)
  --url URL        a MySQL or MariaDB to use instead of a private one, as MYSQL_URL does
  --log-level L    of Flashlane's processes (warn)
  --tune           tries pool sizes for the peers and prints what each reached, instead of the scenarios
  --no-install     never install a program with apt
  --help           this

bench/README.md tells what each scenario is.`

/**
 * @typedef {(typeof SCENARIOS)[number]} ScenarioId
 * @typedef {{
 *   scenarios: readonly ScenarioId[],
 *   quick: boolean,
 *   rounds: number | undefined,
 *   seconds: number | undefined,
 *   url: string | undefined,
 *   logLevel: string,
 *   tune: boolean,
 *   mayInstall: boolean,
 *   help: boolean,
 * }} BenchOptions
 */

/**
 * @param {readonly string[]} args
 * @returns {BenchOptions}
 */
export function parseBenchOptions(args) {
  const { values, positionals } = parse(args)
  const names = positionals.map((name) => name.toUpperCase())
  for (const name of names) {
    if (!SCENARIOS.some((id) => id === name))
      throw new Problem(`There is no scenario ${name}.\n\n${help}`)
  }
  return {
    scenarios: SCENARIOS.filter((id) => names.length === 0 || names.includes(id)),
    quick: values.quick ?? false,
    rounds: parseCount('--rounds', values.rounds),
    seconds: parseCount('--seconds', values.seconds),
    url: values.url,
    logLevel: values['log-level'] ?? 'warn',
    tune: values.tune ?? false,
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
        quick: { type: 'boolean' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        url: { type: 'string' },
        'log-level': { type: 'string' },
        tune: { type: 'boolean' },
        'no-install': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function parseCount(name, text) {
  if (text === undefined) return undefined
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= ROUNDS_MAX) return count
  throw new Problem(`${name} takes a number from 1 to ${ROUNDS_MAX}, not ${text}.`)
}
