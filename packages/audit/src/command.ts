/** `MYSQL_URL=mysql://... node packages/audit/src/command.ts [--product N] [--ledger FILE] [--json]` */
import { connect, withSnapshot } from '@flashlane/db'
import { mysqlTlsOf } from '@flashlane/tls'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setImmediate as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { audit, type Books, formatReport, type LedgerLine, parseLedgerLine } from './index.ts'

/** What it ends with, so that a script can tell. */
const CLEAN = 0
const VIOLATIONS = 1
const COULD_NOT_RUN = 2

/** Summing up a large table takes its time. */
const QUERY_MS_MAX = 3_600_000

process.exitCode = await run().catch((error: unknown) => {
  console.error(
    `the audit could not run: ${error instanceof Error ? error.message : String(error)}`,
  )
  return COULD_NOT_RUN
})

async function run(): Promise<number> {
  const { productId, ledgerFile, isJson } = readOptions()
  const url = process.env['MYSQL_URL']
  if (url === undefined || url === '') {
    throw new Error('MYSQL_URL is not set: say which database to audit')
  }
  const ledger = ledgerFile === undefined ? undefined : await readLedger(ledgerFile)
  const database = connect({
    url,
    poolSize: 1,
    tls: mysqlTlsOf(process.env),
    multipleStatements: false,
    queryMsMax: QUERY_MS_MAX,
  })
  try {
    const report = await withSnapshot(database, async (books) => {
      if (productId !== undefined && !(await isThere(books, productId))) {
        throw new Error(`there is no product ${productId}`)
      }
      return audit(books, {
        ...(productId === undefined ? {} : { productId }),
        ...(ledger ? { ledger } : {}),
        pause,
      })
    })
    console.log(isJson ? JSON.stringify(report) : formatReport(report))
    return report.ok ? CLEAN : VIOLATIONS
  } finally {
    await database.close()
  }
}

/** Hoisted, as all that is run at once from the top of this file. */
async function isThere(books: Books, productId: number): Promise<boolean> {
  if (await books.product(productId)) return true
  const afterSeq = (await books.checkpoint(productId))?.seq ?? 0
  return afterSeq > 0 || (await books.countEntries(productId, { afterSeq })) > 0
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      product: { type: 'string' },
      ledger: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  const productId = values.product === undefined ? undefined : Number(values.product)
  if (productId !== undefined && !(Number.isSafeInteger(productId) && productId > 0)) {
    throw new Error(`--product takes the id of a product, not ${values.product}`)
  }
  return { productId, ledgerFile: values.ledger, isJson: values.json ?? false }
}

/** Kept whole: what is sold here is looked up in it, too. */
async function readLedger(file: string): Promise<ReadonlyMap<string, LedgerLine>> {
  const ledger = new Map<string, LedgerLine>()
  let number = 0
  for await (const text of createInterface({ input: createReadStream(file) })) {
    number++
    if (text.trim() === '') continue
    const line = parseLedgerLine(text, number)
    ledger.set(line.reference, line)
  }
  return ledger
}
