/** C7, the provider's half: what it was answered 2xx about is in MySQL. That each capture is sold or refunded, the audit checks. */
import type { Books } from '@flashlane/audit'
import type { Operation } from './history.ts'
import type { Walker } from './journal.ts'
import type { RunFindings } from './run.ts'
import { nameOf, type Sent } from './sent.ts'

const PAGE = 500

type Money = Walker & { checkEvents(books: Books): Promise<void> }

export function createMoney(findings: RunFindings, sent: Sent): Money {
  /** Commands that failed: a dead letter has what they told. */
  const failed = new Set<string>()
  return {
    take({ commands }) {
      for (const { command, outcome } of commands) {
        if (command.type !== 'RecordPayment' || outcome.outcome !== 'error') continue
        failed.add(`${command.provider} ${command.eventKey}`)
      }
    },
    end() {},
    async checkEvents(books) {
      const told = sent.all.filter(isKept)
      for (let from = 0; from < told.length; from += PAGE) {
        const page = told.slice(from, from + PAGE)
        const events = await books.events(page.map(keyOf))
        for (const each of page) {
          findings.look('C7', 'webhooks answered 2xx')
          const { provider, eventKey } = keyOf(each)
          const id = `${provider} ${eventKey}`
          if (events.has(id) || failed.has(id)) continue
          const sentence = `${nameOf(each)} was answered ${each.status}, and the event ${eventKey} is lost`
          findings.blame('C7', { productId: each.product, seq: null, index: null }, sentence)
        }
      }
    },
  }
}

/** `ignored` may be nobody's: what tells of neither success nor failure of nothing that we know. */
const isKept = ({ op, kind, result, key }: Operation): boolean =>
  op === 'webhook' && kind === 'ok' && key !== null && result?.['result'] !== 'ignored'

const keyOf = ({ provider, key }: Operation) => ({
  provider: provider ?? 'generic',
  eventKey: key ?? '',
})
