/** flashlane tokens ... */
import { Command, InvalidArgumentError, Option } from 'commander'
import { createHash, randomBytes } from 'node:crypto'
import type { Deps } from './program.ts'

/** Nobody guesses 256 bits, so a plain hash of them is as good as a slow one. */
const TOKEN_BYTES = 32
/** As the api takes it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/

export function addTokens(program: Command, { tell }: Deps): void {
  const tokens = program.command('tokens').description('what operators show who they are by')

  tokens
    .command('new')
    .description('makes a token, and the entry of ADMIN_TOKENS that lets it in')
    .requiredOption('--name <name>', 'whose it is: letters, digits, . _ -', tokenName)
    .addOption(
      new Option('--scope <scope>', 'what it may do; each may do what the one before may')
        .choices(['read', 'operate', 'admin'])
        .makeOptionMandatory(),
    )
    .action(({ name, scope }: { name: string; scope: string }) => {
      const token = `flashlane_${randomBytes(TOKEN_BYTES).toString('base64url')}`
      const entry = `${name}:${scope}:${createHash('sha256').update(token).digest('hex')}`
      tell({
        text: [
          'The token, for the operator. It is shown once, and stored nowhere:',
          `  ${token}`,
          'Its entry, for ADMIN_TOKENS of every api; several stand with commas between:',
          `  ${entry}`,
        ].join('\n'),
        json: { name, scope, token, entry },
      })
    })
}

function tokenName(text: string): string {
  if (NAME.test(text)) return text
  throw new InvalidArgumentError('It takes 1 to 32 letters, digits, dots, dashes or _.')
}
