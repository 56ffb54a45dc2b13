/** C4: every answer tells the outcome in the journal; a command that is polled is queued, then answered, then never changes. */
import type { Place } from '@flashlane/audit'
import type { Command, Outcome } from '@flashlane/core'
import { disagreement } from './answers.ts'
import type { Operation } from './history.ts'
import type { Walker } from './journal.ts'
import type { RunFindings } from './run.ts'
import { isOfInbox, nameOf, type Sent } from './sent.ts'

type Decided = {
  readonly place: Place
  readonly type: Command['type']
  readonly outcome: Outcome
}

export function createAgreement(findings: RunFindings, sent: Sent): Walker {
  const polls = sent.all.filter((each) => each.op === 'poll' && each.commandId !== null)
  const polled = Map.groupBy(polls, (each) => each.commandId ?? '')
  const decided = new Map<string, Decided>()

  function checkAnswer(attempt: Operation, { place, type, outcome }: Decided): void {
    if (attempt.kind !== 'ok' || isOfInbox(attempt)) return
    findings.look('C4', 'answers')
    const differs = disagreement({ status: attempt.status, body: attempt.result }, type, outcome)
    if (differs !== '') findings.blame('C4', place, `${nameOf(attempt)} was told: ${differs}`)
  }

  function checkPolls(commandId: string, own: readonly Operation[]): void {
    const known = decided.get(commandId)
    let answeredMs = Number.POSITIVE_INFINITY
    for (const poll of own.toSorted((a, b) => a.t1 - b.t1)) {
      findings.look('C4', 'polls')
      const place = known?.place ?? { productId: poll.product, seq: null, index: null }
      if (poll.result?.['status'] === 'applied') {
        answeredMs = Math.min(answeredMs, poll.t1)
        checkFinal(poll, known, place)
      } else if (poll.status !== null && poll.status < 500 && poll.t0 > answeredMs) {
        findings.blame('C4', place, `${nameOf(poll)} found it not applied, after it was`)
      }
    }
  }

  function checkFinal(poll: Operation, known: Decided | undefined, place: Place): void {
    const { result, problem, http_status: status, outcome } = poll.result ?? {}
    if (!known) {
      // Buried, without an entry.
      if (outcome === 'error') return
      return findings.blame('C4', place, `${nameOf(poll)} found an outcome that no journal has`)
    }
    const body = (result ?? problem ?? null) as Record<string, unknown> | null
    const differs = disagreement({ status: status as number, body }, known.type, known.outcome)
    if (differs !== '') findings.blame('C4', place, `${nameOf(poll)} was told: ${differs}`)
  }

  return {
    take({ productId, seq, commands }) {
      for (const [index, { command, outcome }] of commands.entries()) {
        const { type, commandId } = command
        const here = { place: { productId, seq, index }, type, outcome }
        const attempt = sent.attempt(command.requestId)
        if (attempt) checkAnswer(attempt, here)
        if (polled.has(commandId) && !decided.has(commandId)) decided.set(commandId, here)
      }
    },
    end() {
      for (const [commandId, own] of polled) checkPolls(commandId, own)
    },
  }
}
