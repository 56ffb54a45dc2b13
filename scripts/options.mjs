/** The command line of npm start. */
import { Problem } from './progress.mjs'

const PROCESSES_MAX = 16

export const help = `npm start [-- options]

Sells: starts MySQL and Redis if need be, the api and the worker, and puts a demo product on sale.

  --api N        N api processes, on PORT, PORT + 1, ... (1)
  --worker N     N worker processes (1)
  --no-install   never install a server with apt
  --help         this

PORT, MYSQL_URL, REDIS_URL, ADMIN_TOKEN and the other settings come from the environment or from .env: see .env.example.`

/**
 * @typedef {{ api: number, worker: number, mayInstall: boolean, help: boolean }} Options
 * @param {readonly string[]} args
 * @returns {Options}
 */
export function parseOptions(args) {
  const options = { api: 1, worker: 1, mayInstall: true, help: false }
  const words = args.flatMap((arg) => (/^--\w+=/.test(arg) ? arg.split('=', 2) : [arg]))
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--help' || word === '-h') options.help = true
    else if (word === '--no-install') options.mayInstall = false
    else if (word === '--api' || word === '--worker')
      options[word === '--api' ? 'api' : 'worker'] = parseCount(word, words.shift())
    else throw new Problem(`npm start does not know ${word}.\n\n${help}`)
  }
  return options
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function parseCount(name, text) {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= PROCESSES_MAX) return count
  throw new Problem(`${name} takes a number from 1 to ${PROCESSES_MAX}, not ${text ?? 'nothing'}.`)
}

/** @param {string | undefined} text */
export function parsePort(text) {
  const port = Number(text || 3000)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535 - PROCESSES_MAX) return port
  throw new Problem(`PORT has to be a port number, not ${text}.`)
}
