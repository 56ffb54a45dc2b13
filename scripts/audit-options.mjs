/** The command line of npm run audit. */
import { parseArgs } from 'node:util'
import { Problem } from './progress.mjs'

export const auditHelp = `npm run audit [-- options]

Checks the books of a database, which may go on selling: that of MYSQL_URL, or of the npm start that runs here.

  --product N      this product only
  --ledger FILE    compares what the payment provider captured: a line of JSON each, {"reference": "pi_1",
                   "amount": 4900, "currency": "USD", "captured_at": "2026-11-21T02:31:12Z"}
  --json           the report as JSON
  --help           this

Ends with 0 where the books are right, 1 where they are not, 2 where that could not be found out.`

/**
 * @typedef {{ productId: string | undefined, ledger: string | undefined, isJson: boolean, help: boolean }} AuditOptions
 * @param {readonly string[]} args
 * @returns {AuditOptions}
 */
export function parseAuditOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        product: { type: 'string' },
        ledger: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const { product: productId, ledger, json: isJson = false, help = false } = values
    return { productId, ledger, isJson, help }
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n\n${auditHelp}`)
  }
}
