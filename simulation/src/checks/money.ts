/** G4: what a provider captured and has not given back pays an order, or is owed: not a cent less, and none twice. */
import { type Payment, sumOf } from '@flashlane/core'
import type { History } from '../history.ts'
import type { Stage } from '../stage.ts'

type Checking = {
  readonly stage: Stage
  readonly history: History
  blame(sentence: string): void
}

export function checkMoney({ stage, history, blame }: Checking): void {
  const { orders, refunds } = stage.mysql.tables
  const payments = new Map<string | null, Payment>()
  for (const order of orders.rows.values()) {
    for (const payment of order.payments) payments.set(payment.reference, payment)
  }
  const due = [...refunds.rows.values()].filter(({ status }) => status !== 'done')
  for (const { reference, amount, givenBack, isShared } of history.captured.values()) {
    const payment = payments.get(reference)
    if (isShared || payment?.status === 'captured') continue
    const refund = due.find((each) => each.reference === reference)
    const left = amount - givenBack
    const owed = refund?.amount ?? 0
    // A refund is for what was left when it fell due; a part told later stands beside it, and an orphan's nowhere.
    const isOrphan = refund !== undefined && refund.orderId === null
    const beside = isOrphan ? amount : sumOf(payment?.refundParts ?? {}, amount)
    if (owed >= left && owed <= left + (refund ? beside : 0)) continue
    blame(`of ${reference} ${left} are left, and ${owed} are owed (G4)`)
  }
}
