/** npm run audit: checks the books of the database that MYSQL_URL names, or of the npm start that runs here. */
import { resolve } from 'node:path'
import { auditHelp, parseAuditOptions } from './audit-options.mjs'
import { runOnBooks } from './books.mjs'

await runOnBooks({
  name: 'audit',
  file: 'command.ts',
  help: auditHelp,
  parse: (given) => {
    const { productId, ledger, isJson, help } = parseAuditOptions(given)
    const args = [
      ...(productId ? ['--product', productId] : []),
      ...(ledger ? ['--ledger', resolve(ledger)] : []),
      ...(isJson ? ['--json'] : []),
    ]
    return { help, args }
  },
})
