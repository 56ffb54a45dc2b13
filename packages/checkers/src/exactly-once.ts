/** C3: what was answered stands in the journal once, what stands there was sent, and a repeat got what the first one got. */
import { isSame, type Place } from '@flashlane/audit'
import type { Outcome } from '@flashlane/core'
import type { RecordedCommand } from '@flashlane/db'
import type { Operation } from './history.ts'
import type { Walker } from './journal.ts'
import type { RunFindings } from './run.ts'
import { nameOf, type Sent } from './sent.ts'

type Known = { readonly place: Place; readonly outcome: Outcome }

export function createExactlyOnce(
  findings: RunFindings,
  sent: Sent,
  { lostRedis }: { lostRedis: boolean },
): Walker {
  const byRequest = new Map<string, Known>()
  const byCommand = new Map<string, Known>()

  function checkRequest(place: Place, { command, outcome }: RecordedCommand): void {
    const { type, requestId } = command
    // Before anybody can send anything.
    if (type === 'CreateProduct') return
    if (requestId === undefined) return checkOwn(place, command)
    const earlier = byRequest.get(requestId)
    // What failed may be tried again by an operator, as the same request.
    if (earlier && earlier.outcome.outcome !== 'error') {
      const both = `stands in the journal twice, first at seq ${earlier.place.seq}`
      findings.blame('C3', place, `the ${type} of the request ${requestId} ${both}`)
    }
    byRequest.set(requestId, { place, outcome })
    const attempt = sent.attempt(requestId)
    if (!attempt) {
      findings.blame('C3', place, `nobody sent the ${type} of the request ${requestId}`)
    } else if (attempt.kind === 'fail' && !outcome.replayed) {
      findings.blame('C3', place, `${nameOf(attempt)} was told that it had no effect`)
    }
  }

  /** Flashlane makes expiries itself, and carries payment events that it was told of. */
  function checkOwn(place: Place, command: RecordedCommand['command']): void {
    if (command.type === 'ExpireDue') return
    if (command.type !== 'RecordPayment') {
      findings.blame('C3', place, `nobody sent this ${command.type}: it has no request`)
    } else if (!sent.wasTold(command.provider, command.eventKey)) {
      findings.blame('C3', place, `nobody told of the event ${command.eventKey}`)
    }
  }

  function checkCommand(place: Place, recorded: RecordedCommand): void {
    const { command, outcome, changes } = recorded
    const { replayed, ...told } = outcome
    const first = byCommand.get(command.commandId)
    if (!first) {
      byCommand.set(command.commandId, { place, outcome })
      // One that could not even be journaled is known to its outcome's row alone.
      if (!replayed || outcome.outcome === 'error') return
      findings.blame('C3', place, `it is answered as a repeat, and nothing before it is the first`)
      return
    }
    findings.look('C3', 'repeats')
    const what = `${command.commandId} took effect at seq ${first.place.seq}`
    if (!replayed) return findings.blame('C3', place, `${what}, and once more here`)
    const { replayed: _, ...before } = first.outcome
    if (!isSame(told, before)) findings.blame('C3', place, `${what}, with another outcome`)
    if (changes.length > 0) findings.blame('C3', place, `${what}, and its repeat changes things`)
  }

  return {
    take({ productId, seq, commands }) {
      for (const [index, recorded] of commands.entries()) {
        const place = { productId, seq, index }
        findings.look('C3', 'commands in the journal')
        checkRequest(place, recorded)
        checkCommand(place, recorded)
      }
    },
    end() {
      for (const each of sent.all) {
        if (!isPlaced(each) && (lostRedis || !isQueued(each))) continue
        findings.look('C3', 'answers')
        if (byRequest.has(each.requestId)) continue
        const sentence = `${nameOf(each)} was answered ${each.status}, and stands in no journal`
        findings.blame('C3', { productId: each.product, seq: null, index: null }, sentence)
      }
      checkRepeats(findings, sent.all)
    },
  }
}

/** Whether the answer says that the journal has it: an event may be in the inbox yet, and a failure only buried. */
const isPlaced = ({ op, kind, result }: Operation): boolean =>
  kind === 'ok' && !WITHOUT_PLACE.has(op) && result?.['code'] !== 'internal_error'

/** In its lane, and by now applied: the run is over, and all lanes are empty. */
const isQueued = ({ op, status }: Operation): boolean => op !== 'webhook' && status === 202

const WITHOUT_PLACE: ReadonlySet<Operation['op']> = new Set(['webhook', 'read', 'poll'])

/** As the clients saw it: the same request under the same key, the same answer. */
function checkRepeats(findings: RunFindings, history: readonly Operation[]): void {
  const keyed = history.filter((each) => isPlaced(each) && each.key !== null)
  const sameRequest = Map.groupBy(keyed, ({ op, product, key, body }) =>
    JSON.stringify([op, product, key, body]),
  )
  for (const [first, ...others] of sameRequest.values()) {
    for (const other of others) {
      findings.look('C3', 'repeated answers')
      if (first?.status === other.status && isSame(first.result, other.result)) continue
      const place = { productId: other.product, seq: null, index: null }
      const sentence = `${nameOf(other)} got another answer than ${first?.requestId} under the same key`
      findings.blame('C3', place, sentence)
    }
  }
}
