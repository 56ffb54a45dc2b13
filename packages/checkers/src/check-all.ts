/** All that a run must hold, in one report. */
import { auditInto, createFindings } from '@flashlane/audit'
import { createAgreement } from './agreement.ts'
import { createDeadlines } from './deadlines.ts'
import { createExactlyOnce } from './exactly-once.ts'
import { readJournals, type Walker } from './journal.ts'
import { createLinearizability } from './linearizability.ts'
import { checkLiveness } from './liveness.ts'
import { createMoney } from './money.ts'
import { createOrder } from './order.ts'
import { CHECKERS, type Run, type RunReport } from './run.ts'
import { indexSent } from './sent.ts'
import { checkSlopes } from './series.ts'

/** The journal is read once for the audit and once for the others, and never kept; the history is in memory. */
export async function checkAll(run: Run): Promise<RunReport> {
  const { history, books, ledger, lostRedis = false, pause } = run
  const findings = createFindings(CHECKERS)
  const sent = indexSent(history)
  const money = createMoney(findings, sent)
  const walkers: Walker[] = [
    createExactlyOnce(findings, sent, { lostRedis }),
    createAgreement(findings, sent),
    createLinearizability(findings, sent),
    createDeadlines(findings, sent, { lostRedis }),
    ...(lostRedis ? [] : [createOrder(findings, sent)]),
    money,
  ]
  for await (const entry of readJournals(books, pause)) {
    for (const walker of walkers) walker.take(entry)
  }
  for (const walker of walkers) walker.end()
  await money.checkEvents(books)
  await auditInto(findings, books, { ...(ledger ? { ledger } : {}), pause })
  checkLiveness(findings, run.recoveries ?? [], run.patience ?? 1)
  checkSlopes(findings, run.series ?? [])
  return findings.report()
}
