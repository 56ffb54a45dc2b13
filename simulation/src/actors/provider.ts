/** A payment provider: captures money once, and tells of it twice, late, out of order, and again until it is heard. */
import type { PaymentKind } from '@flashlane/core'
import { aHash } from '@flashlane/core/builders.ts'
import type { Asking } from './ask.ts'
import { request } from './http.ts'

const PROVIDER = 'sim'
const TRIES_MAX = 40
const RETRY_MS: readonly [number, number] = [100, 1_500]

export type Money = {
  readonly orderId: string
  readonly holdId: string
  readonly reference: string | null
  readonly amount: number
  /** Others may name the same payment, for another sum. */
  readonly isShared: boolean
}

export type Provider = { pay(money: Money): void; isIdle(): boolean }

export function createProvider(asking: Asking): Provider {
  const { world, stage, history } = asking
  const { random, trace, schedule } = world
  let events = 0
  let telling = 0

  async function tell(news: ReturnType<typeof newsOf>, afterMs: number): Promise<void> {
    telling++
    await world.sleep(afterMs)
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const heard = await request(world, random.pick(stage.apis), (api) =>
        api.inbox(news, 'request'),
      )
      trace.add(
        'provider',
        `${news.kind} ${news.eventKey} -> ${heard ? heard.heard.kind : 'nothing'}`,
      )
      if (heard) {
        history.acknowledged.add(`${news.provider} ${news.eventKey}`)
        break
      }
      await world.sleep(random.between(...RETRY_MS))
    }
    telling--
  }

  function newsOf(kind: PaymentKind, { orderId, holdId, reference, amount }: Money) {
    const eventKey = `evt_${++events}`
    const named = random.pick(['order', 'order', 'hold', 'reference'] as const)
    const isByName = named === 'reference' && reference !== null
    return {
      provider: PROVIDER,
      eventKey,
      kind,
      orderId: isByName || named === 'hold' ? null : orderId,
      holdId: isByName || named !== 'hold' ? null : holdId,
      paymentRef: reference,
      amount,
      currency: 'USD',
      refundId: null,
      bodyHash: aHash(eventKey),
      payload: '',
    }
  }

  function say(kind: PaymentKind, money: Money, afterMs: number): void {
    const news = newsOf(kind, money)
    const times = random.pick([1, 1, 2, 3])
    for (let n = 0; n < times; n++) {
      void tell(news, afterMs + (n === 0 ? 0 : random.between(0, 3_000)))
    }
  }

  return {
    pay(money) {
      const { reference, amount, isShared } = money
      // A provider captures a payment once, whoever names it.
      if (reference !== null && history.captured.has(reference)) return
      if (reference !== null) {
        history.captured.set(reference, { reference, amount, currency: 'USD' })
      }
      trace.add('provider', `captures ${reference ?? 'money'} at ${schedule.nowMs().toFixed(0)}`)
      if (random.chance(0.1)) say('failed', money, random.between(0, 500))
      say('succeeded', money, random.chance(0.7) ? 0 : random.between(0, 6_000))
      if (!isShared && random.chance(0.1)) say('refunded', money, random.between(0, 5_000))
    },
    isIdle: () => telling === 0,
  }
}
