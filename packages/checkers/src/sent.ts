/** A history, to be looked up by what the journal knows of an operation. */
import type { History, Operation } from './history.ts'

export type Sent = {
  /** The attempt that a command came with. */
  attempt(requestId: string | undefined): Operation | null
  /** Whether a webhook told of this event. */
  wasTold(provider: string, eventKey: string): boolean
  /** Reads of a product that showed it at this version. */
  reads(productId: number, version: number): readonly Operation[]
  readonly all: History
}

export function indexSent(history: History): Sent {
  const attempts = new Map<string, Operation>()
  const events = new Set<string>()
  const reads = new Map<string, Operation[]>()
  for (const each of history) {
    if (each.op === 'read') {
      const name = `${each.product} ${String(each.result?.['version'])}`
      const others = each.kind === 'ok' ? reads.get(name) : []
      if (others) others.push(each)
      else reads.set(name, [each])
    } else if (each.op !== 'poll') {
      attempts.set(each.requestId, each)
      if (each.op === 'webhook') events.add(eventName(each.provider, each.key ?? ''))
    }
  }
  return {
    attempt: (requestId) => (requestId === undefined ? null : (attempts.get(requestId) ?? null)),
    wasTold: (provider, eventKey) => events.has(eventName(provider, eventKey)),
    reads: (productId, version) => reads.get(`${productId} ${version}`) ?? [],
    all: history,
  }
}

const eventName = (provider: string | undefined, eventKey: string): string =>
  `${provider ?? 'generic'} ${eventKey}`

/** Told by an event's row: kept for later, or known already. What its lane makes of it is another matter. */
export const isOfInbox = ({ op, status, result }: Operation): boolean =>
  op === 'webhook' &&
  (status === 202 || result?.['result'] === 'duplicate' || result?.['result'] === 'key_reused')

/** By when it had its effect, as its client knows. */
export const endOf = (operation: Operation): number =>
  operation.kind === 'ok' && !isOfInbox(operation) ? operation.t1 : Number.POSITIVE_INFINITY

/** Names an attempt in a sentence. */
export const nameOf = ({ op, requestId, process }: Operation): string =>
  `the ${op} ${requestId} of ${process}`
