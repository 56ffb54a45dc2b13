/** A payment provider: captures, keeps its ledger, and tells of it as providers do: signed, twice, late, in no order. */
import type { Ledger, LedgerLine } from '@flashlane/checkers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import type { Random } from '../random.ts'
import type { Answer } from '../stage/http.ts'
import type { Recorder } from './recorder.ts'

export type Provider = {
  /** What was captured, by reference. */
  readonly ledger: Ledger
  /** Takes the money at once, and tells of it when it pleases. */
  capture(payment: Payment): void
  /** Tells that a payment came to nothing. */
  fail(payment: Payment): void
  /** Tells of it at once, and says what that was answered; told again later, if it was not taken. */
  captureAndTell(payment: Payment): Promise<Answer | null>
  /** Deliveries that had no 2xx yet. */
  pending(): number
  /** Gives up what is still undelivered. */
  stop(): Promise<void>
}

export type Payment = {
  readonly product: number
  readonly reference: string
  readonly amount: number
  readonly currency: string
  /** What the event names: our ids, in the body's own fields. */
  readonly names: Readonly<Record<string, string>>
}

type Told = {
  readonly id: string
  readonly process: string
  readonly product: number
  readonly body: string
}

type Deps = {
  readonly recorder: Recorder
  readonly random: Random
  readonly secret: string
  apiUrl(): string
}

/** How it delivers. */
const DUPLICATES = 0.15
const LATE = 0.1
const LATE_MS_MAX = 2_000
const JITTER_MS_MAX = 30
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 1_000

export function createProvider({ recorder, random, secret, apiUrl }: Deps): Provider {
  const ledger = new Map<string, LedgerLine>()
  const webhook = new Webhook(secret)
  const stopped = new AbortController()
  const under = new Set<Promise<void>>()
  let pending = 0
  let events = 0

  const rest = (ms: number) => sleep(ms, undefined, { signal: stopped.signal })

  async function attempt({ id, process, product, body }: Told): Promise<Answer | null> {
    const at = new Date()
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': webhook.sign(id, at, body),
    }
    const asked = { op: 'webhook', process, product, key: id } as const
    return recorder.send(apiUrl(), asked, { path: '/api/payments/webhook', body, headers })
  }

  async function deliver(told: Told): Promise<void> {
    const isLate = random.chance(LATE)
    await rest(random.between(0, isLate ? LATE_MS_MAX : JITTER_MS_MAX))
    for (let tries = 0; ; tries++) {
      if (isTaken(await attempt(told))) return
      await rest(Math.min(RETRY_MS_MIN * 2 ** tries, RETRY_MS_MAX) * (0.5 + random.next()))
    }
  }

  function start(told: Told): void {
    pending++
    const delivery = deliver(told)
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) throw error
      })
      .finally(() => {
        pending--
        under.delete(delivery)
      })
    under.add(delivery)
  }

  function newsOf({ product, names, ...payment }: Payment, status: string): Told {
    const id = `evt_${++events}_${payment.reference}`
    const { reference, amount, currency } = payment
    const body = { ...names, status, payment_intent_id: reference, amount, currency }
    return { id, process: `provider-${id}`, product, body: JSON.stringify(body) }
  }

  function tell(payment: Payment, status: string): void {
    const told = newsOf(payment, status)
    start(told)
    if (random.chance(DUPLICATES)) start({ ...told, process: `${told.process}-again` })
  }

  function write({ reference, amount, currency }: Payment): void {
    ledger.set(reference, { reference, amount, currency, capturedAt: new Date().toISOString() })
  }

  return {
    ledger,
    capture(payment) {
      write(payment)
      tell(payment, 'success')
    },
    async captureAndTell(payment) {
      write(payment)
      const told = newsOf(payment, 'success')
      const answer = await attempt(told)
      if (!isTaken(answer)) start(told)
      return answer
    },
    fail: (payment) => tell(payment, 'failed'),
    pending: () => pending,
    async stop() {
      stopped.abort()
      await Promise.all(under)
    },
  }
}

const isTaken = (answer: Answer | null): boolean =>
  answer !== null && answer.status >= 200 && answer.status < 300
