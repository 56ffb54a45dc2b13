/** C6: of two commands of a lane, the one that was acknowledged before the other was sent takes effect before it. */
import type { Operation } from './history.ts'
import type { Walker } from './journal.ts'
import { createRealTime } from './real-time.ts'
import type { RunFindings } from './run.ts'
import { endOf, nameOf, type Sent } from './sent.ts'

type Item = { readonly t0: number; readonly t1: number; readonly operation: Operation }

/** Places are those of a product: in a lane of many, each product has its own. */
export function createOrder(findings: RunFindings, sent: Sent): Walker {
  let productId: number | null = null
  let time = createRealTime<Item>()
  return {
    take(entry) {
      if (entry.productId !== productId) {
        productId = entry.productId
        time = createRealTime()
      }
      for (const [index, { command }] of entry.commands.entries()) {
        const operation = sent.attempt(command.requestId)
        if (!operation) continue
        const t1 = acknowledgedMs(operation)
        if (t1 < Number.POSITIVE_INFINITY) findings.look('C6', 'acknowledgements')
        for (const { early, late } of time.take([{ t0: operation.t0, t1, operation }])) {
          const [before, after] = [nameOf(early.operation), nameOf(late.operation)]
          const sentence = `${before} was acknowledged before ${after} was sent, and takes effect after it`
          findings.blame('C6', { productId, seq: entry.seq, index }, sentence)
        }
      }
    },
    end() {},
  }
}

/** With its outcome, or with a 202, when it stands in its lane. A webhook's 202 may mean the inbox. */
const acknowledgedMs = (operation: Operation): number =>
  operation.status === 202 && operation.op !== 'webhook' ? operation.t1 : endOf(operation)
