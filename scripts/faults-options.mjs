/** The command line of npm run faults. */
import { parseArgs } from 'node:util'
import { Problem } from './progress.mjs'

const SEED_MAX = 2 ** 32 - 1
const ROW_MAX = 28
const MINUTES_DEFAULT = 2
const PATIENCE_MAX = 100

export const faultsHelp = `npm run faults [-- options]

Breaks Flashlane in every way of docs/reliability.md while a crowd buys, and checks what it promised.

  --only 1,8,random    these rows of the matrix only; random: the random schedules
  --only soak          breaks nothing for --minutes, and tells what grows: npm run soak is short for it
  --minutes N          length of the random schedules, several faults at once (${MINUTES_DEFAULT}; 0: none)
  --seed N             of all that is random: an earlier run's, to have it again
  --patience N         multiplies all budgets, for a machine that does other things besides (1)
  --url URL            a MySQL or MariaDB for the rows that leave it alone; the others start their own in any case
  --mysqld FOLDER      where the programs of the database are that is started: mysqld, or mariadbd and its companions
  --no-install         never install a program with apt
  --help               this

Ends with 0 where every promise held, 1 where one did not. Writes faults/results/latest.{json,md}.`

/**
 * @typedef {{
 *   only: readonly (number | 'random' | 'soak')[] | undefined,
 *   minutes: number,
 *   seed: number,
 *   patience: number,
 *   url: string | undefined,
 *   mysqld: string | undefined,
 *   mayInstall: boolean,
 *   help: boolean,
 * }} FaultsOptions
 */

/**
 * @param {readonly string[]} args
 * @returns {FaultsOptions}
 */
export function parseFaultsOptions(args) {
  const values = parse(args)
  return {
    only: values.only?.split(',').map(parseRow),
    minutes: parseNumber('--minutes', values.minutes, { max: 10_000 }) ?? MINUTES_DEFAULT,
    seed:
      parseNumber('--seed', values.seed, { max: SEED_MAX }) ?? Math.floor(Math.random() * SEED_MAX),
    patience: parseNumber('--patience', values.patience, { max: PATIENCE_MAX }) ?? 1,
    url: values.url,
    mysqld: values.mysqld,
    mayInstall: !values['no-install'],
    help: values.help ?? false,
  }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        patience: { type: 'string' },
        url: { type: 'string' },
        mysqld: { type: 'string' },
        'no-install': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    return values
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n\n${faultsHelp}`)
  }
}

/**
 * @param {string} text
 * @returns {number | 'random' | 'soak'}
 */
function parseRow(text) {
  if (text === 'random' || text === 'soak') return text
  const row = Number(text)
  if (Number.isInteger(row) && row >= 1 && row <= ROW_MAX) return row
  throw new Problem(`--only takes rows from 1 to ${ROW_MAX}, random or soak, not ${text}.`)
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {{ max: number }} limits
 */
function parseNumber(name, text, { max }) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (text !== '' && number >= 0 && number <= max) return number
  throw new Problem(`${name} takes a number up to ${max}, not ${text}.`)
}
