/** The command line as a whole: every noun and its verbs. */
import type { Client } from '@flashlane/client'
import { Command } from 'commander'
import { addActions } from './actions.ts'
import { addAudit } from './audit.ts'
import { addDeadLetters } from './dead-letters.ts'
import { addLanes } from './lanes.ts'
import { addPayments } from './payments.ts'
import { addProducts } from './products.ts'
import { addRefunds } from './refunds.ts'
import { addSweep } from './sweep.ts'
import type { Told } from './told.ts'
import { addTokens } from './tokens.ts'
import { addWatch } from './watch/command.ts'

export type Options = {
  readonly url?: string
  readonly token?: string
  readonly json?: true
}

export type Deps = {
  /** Asks, and tells what came of it. */
  run(ask: (client: Client) => Promise<Told>): Promise<void>
  /** Tells what needs nobody to be asked. */
  tell(told: Told): void
  /** Follows the sale until it is told to stop. */
  watch(options: { readonly productIds: readonly number[] }): Promise<void>
}

const HELP = `
Without --url and FLASHLANE_URL it finds the npm start that runs in this checkout, and its token.
FLASHLANE_URL and ADMIN_TOKEN in the environment do what --url and --token do; others on the machine
can read a token on a command line.

Ends with 0 when it is done, 1 when it was refused or failed, 2 when the command line is wrong.
Scripts: npm run --silent flashlane -- products list --json`

export function createProgram(deps: Deps): Command {
  const program = new Command('flashlane')
    .description('Sees and steers a Flashlane, over the operators’ HTTP API.')
    .option('--url <url>', 'where an api is')
    .option('--token <token>', 'an operator’s token')
    .option('--json', 'answers as JSON, for scripts')
    .addHelpText('after', HELP)
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride()
  addProducts(program, deps)
  addLanes(program, deps)
  addSweep(program, deps)
  addDeadLetters(program, deps)
  addRefunds(program, deps)
  addPayments(program, deps)
  addAudit(program, deps)
  addActions(program, deps)
  addTokens(program, deps)
  addWatch(program, deps)
  return program
}
