/** A payment provider: captures, keeps its ledger, and tells of it as providers do: signed, twice, late, in no order. */
import type { Ledger, LedgerLine } from '@flashlane/checkers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import type { Random } from '../random.ts'
import type { Recorder } from './recorder.ts'

export type Provider = {
  /** What was captured, by reference. */
  readonly ledger: Ledger
  /** Takes the money at once, and tells of it when it pleases. */
  capture(payment: Payment): void
  /** Tells that a payment came to nothing. */
  fail(payment: Payment): void
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

type Told = { readonly product: number; readonly body: string }

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

  async function deliver(id: string, nth: number, { product, body }: Told): Promise<void> {
    await rest(
      random.chance(LATE) ? random.between(0, LATE_MS_MAX) : random.between(0, JITTER_MS_MAX),
    )
    for (let tries = 0; ; tries++) {
      const at = new Date()
      const answer = await recorder.send(
        apiUrl(),
        { op: 'webhook', process: `provider-${id}-${nth}`, product, key: id },
        {
          path: '/api/payments/webhook',
          body,
          headers: {
            'webhook-id': id,
            'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
            'webhook-signature': webhook.sign(id, at, body),
          },
        },
      )
      if (answer && answer.status >= 200 && answer.status < 300) return
      await rest(Math.min(RETRY_MS_MIN * 2 ** tries, RETRY_MS_MAX) * (0.5 + random.next()))
    }
  }

  function tell({ product, reference, amount, currency, names }: Payment, status: string): void {
    const id = `evt_${++events}_${reference}`
    const body = JSON.stringify({
      ...names,
      status,
      payment_intent_id: reference,
      amount,
      currency,
    })
    const times = random.chance(DUPLICATES) ? 2 : 1
    for (let n = 0; n < times; n++) {
      pending++
      const delivery = deliver(id, n, { product, body })
        .catch((error: unknown) => {
          if (!stopped.signal.aborted) throw error
        })
        .finally(() => {
          pending--
          under.delete(delivery)
        })
      under.add(delivery)
    }
  }

  return {
    ledger,
    capture(payment) {
      const { reference, amount, currency } = payment
      ledger.set(reference, { reference, amount, currency, capturedAt: new Date().toISOString() })
      tell(payment, 'success')
    },
    fail: (payment) => tell(payment, 'failed'),
    pending: () => pending,
    async stop() {
      stopped.abort()
      await Promise.all(under)
    },
  }
}
