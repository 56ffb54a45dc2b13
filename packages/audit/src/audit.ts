/** The audit of a whole database, or of one product of it. */
import type { PaymentEvent } from '@flashlane/core'
import type { Books } from './books.ts'
import { CHECKERS, createFindings, type Findings, type Report } from './findings.ts'
import { checkCaptured, type LedgerLine } from './ledger.ts'
import { auditProduct, checkEnds } from './product.ts'

export type Ledger = ReadonlyMap<string, LedgerLine>

type Options = {
  /** All products, without it. */
  readonly productId?: number
  /** What the provider captured, by reference. */
  readonly ledger?: Ledger
  pause(): Promise<void>
  /** Told before each product. */
  onProduct?(productId: number): void
}

const PAGE = 500

export async function audit(books: Books, options: Options): Promise<Report> {
  const findings = createFindings(CHECKERS)
  await auditInto(findings, books, options)
  return findings.report()
}

/** The same, told to whoever checks other things besides. */
export async function auditInto(
  findings: Findings,
  books: Books,
  { productId, ledger, pause, onProduct }: Options,
): Promise<void> {
  const isCaptured = ledger ? (reference: string) => ledger.has(reference) : null
  const auditing = { books, findings, pause, isCaptured }
  if (productId !== undefined) {
    onProduct?.(productId)
    await auditProduct(auditing, productId)
    return
  }
  for (let after = 0; ; ) {
    const ids = await books.productIdsAfter(after, PAGE)
    for (const id of ids) {
      onProduct?.(id)
      await auditProduct(auditing, id)
    }
    if (ids.length < PAGE) break
    after = ids.at(-1) ?? after
  }
  await auditOrphans(auditing)
  if (ledger) await auditLedger({ books, findings }, ledger)
}

/** Events that lead to no order: their money goes back, if any came. */
async function auditOrphans(auditing: Parameters<typeof checkEnds>[0]): Promise<void> {
  let after: PaymentEvent | null = null
  for (;;) {
    const page: readonly PaymentEvent[] = await auditing.books.eventsWithoutOrder({
      after,
      limit: PAGE,
    })
    await checkEnds(auditing, { productId: null, events: page })
    if (page.length < PAGE) return
    after = page.at(-1) ?? null
    await auditing.pause()
  }
}

async function auditLedger(
  { books, findings }: { books: Books; findings: Findings },
  ledger: Ledger,
): Promise<void> {
  const lines = [...ledger.values()]
  for (let from = 0; from < lines.length; from += PAGE) {
    const page = lines.slice(from, from + PAGE)
    const references = page.map((line) => line.reference)
    const payments = await books.paymentsByReference(references)
    const refunds = await books.refundsBy({ references })
    const undecided = await books.undecided(references)
    const paymentsBy = new Map(payments.map((each) => [each.reference, each]))
    const refundsBy = new Map(refunds.map((each) => [each.reference, each]))
    for (const line of page) {
      const { reference } = line
      checkCaptured(findings, line, {
        payment: paymentsBy.get(reference) ?? null,
        refund: refundsBy.get(reference) ?? null,
        isUndecided: undecided.has(reference),
      })
    }
  }
}
