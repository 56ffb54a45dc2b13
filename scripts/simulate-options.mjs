/** The command line of npm run simulate. */
import { parseArgs } from 'node:util'
import { Problem } from './progress.mjs'

export const simulateHelp = `npm run simulate [-- options]

Sells in virtual time, with faults, over the product's own code, and checks every promise. A seed is a sale; the same
seed is the same sale, step by step.

  --seeds N        so many sales, 1000 without it
  --seed N         the first one's seed; drawn without it, and told
  --faults LIST    goes wrong in every sale, in place of what its seed draws: "worker killed,redis frozen"
  --mutation NAME  breaks a rule on purpose: a violation must be found
  --trace          shows what happens, a line a step
  --help           this

Ends with 0 where every promise was kept, 1 where not, 2 where that could not be found out.`

/**
 * @typedef {{ forCommand: string[], help: boolean }} SimulateOptions
 * @param {readonly string[]} args
 * @returns {SimulateOptions}
 */
export function parseSimulateOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        faults: { type: 'string' },
        mutation: { type: 'string' },
        trace: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const { help, trace, ...named } = values
    const forCommand = Object.entries(named).flatMap(([name, value]) => [`--${name}`, value])
    return { forCommand: trace ? [...forCommand, '--trace'] : forCommand, help }
  } catch (error) {
    throw new Problem(
      `${error instanceof Error ? error.message : String(error)}\n\n${simulateHelp}`,
    )
  }
}
