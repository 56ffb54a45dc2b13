/** `MYSQL_URL=mysql://... node packages/audit/src/prune-command.ts [--days N]` */
import { JOURNAL_DAYS, JOURNAL_DAYS_MIN } from '@flashlane/core'
import { connect, readClockMs } from '@flashlane/db'
import { mysqlTlsOf } from '@flashlane/tls'
import { setImmediate as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { prune, type Pruned } from './prune.ts'
import { formatReport } from './report.ts'

/** What it ends with, as the audit does. */
const DONE = 0
const VIOLATIONS = 1
const COULD_NOT_RUN = 2

/** Summing up a large table takes its time. */
const QUERY_MS_MAX = 3_600_000
const DAY_MS = 86_400_000

process.exitCode = await run().catch((error: unknown) => {
  console.error(`nothing more is pruned: ${error instanceof Error ? error.message : String(error)}`)
  return COULD_NOT_RUN
})

async function run(): Promise<number> {
  const days = readDays()
  const url = process.env['MYSQL_URL']
  if (url === undefined || url === '') {
    throw new Error('MYSQL_URL is not set: say which database to prune')
  }
  const database = connect({
    url,
    // One keeps the lock, the other works.
    poolSize: 2,
    tls: mysqlTlsOf(process.env),
    multipleStatements: false,
    queryMsMax: QUERY_MS_MAX,
  })
  try {
    const beforeMs = (await readClockMs(database)) - days * DAY_MS
    return (await prune(database, { beforeMs, pause, tell })) ? DONE : VIOLATIONS
  } finally {
    await database.close()
  }
}

/** Hoisted, as all that is run at once from the top of this file. */
function tell({ productId, done, wrong }: Pruned): void {
  if (wrong) console.log(`product ${productId} is not pruned\n${formatReport(wrong)}`)
  if (!done) return
  const { entries, outcomes, holds, seq } = done
  const gone = `${entries} entries of its journal, ${outcomes} outcomes, ${holds} holds`
  console.log(`product ${productId}: ${gone}, up to seq ${seq}`)
}

function readDays(): number {
  const { values } = parseArgs({ options: { days: { type: 'string' } } })
  const days = values.days === undefined ? JOURNAL_DAYS : Number(values.days)
  if (Number.isSafeInteger(days) && days >= JOURNAL_DAYS_MIN) return days
  throw new Error(
    `--days takes a number of days from ${JOURNAL_DAYS_MIN}, not ${values.days}: younger entries keep a batch from taking effect twice`,
  )
}
