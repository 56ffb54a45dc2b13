/** A payment provider: captures money once, and tells of it twice, late, out of order, and again until it is heard. */
import type { PaymentKind } from '@flashlane/core'
import { aHash, PRICE } from '@flashlane/core/builders.ts'
import type { Asking } from './ask.ts'
import type { Captured } from '../history.ts'
import { request } from './http.ts'

const PROVIDER = 'sim'
const TRIES_MAX = 40
const RETRY_MS: readonly [number, number] = [100, 1_500]
const WRONG_SUMS = [1, PRICE - 1, 2 * PRICE + 1, 5 * PRICE] as const

export type Money = {
  readonly orderId: string
  readonly holdId: string
  readonly reference: string | null
  readonly amount: number
  /** Others may name the same payment, for another sum. */
  readonly isShared: boolean
}

/** An event need not tell the sum. */
type News = Omit<Money, 'amount' | 'isShared'> & {
  readonly amount: number | null
  readonly refundId: string | null
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

  function newsOf(kind: PaymentKind, { orderId, holdId, reference, amount, refundId }: News) {
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
      refundId,
      bodyHash: aHash(eventKey),
      payload: '',
    }
  }

  function say(kind: PaymentKind, news: Partial<News>, money: Money, afterMs: number): void {
    const told = newsOf(kind, { ...money, refundId: null, ...news })
    const times = random.pick([1, 1, 2, 3])
    for (let n = 0; n < times; n++) {
      void tell(told, afterMs + (n === 0 ? 0 : random.between(0, 3_000)))
    }
  }

  /** The whole without its sum, or in two parts; told before the success is, as often as not. */
  function giveBack(money: Money, captured: Captured): void {
    const isWhole = random.chance(0.5)
    const part = 1 + random.below(captured.amount)
    const parts = isWhole ? [null] : random.pick([[part], [part, captured.amount - part]])
    parts.forEach((amount, n) => {
      captured.givenBack += amount ?? captured.amount
      const refundId = isWhole ? null : `re_${captured.reference}_${n}`
      for (let times = random.pick([1, 1, 2]); times > 0; times--) {
        say('refunded', { amount, refundId }, money, random.between(0, 5_000))
      }
    })
  }

  return {
    pay(money) {
      const { reference, isShared } = money
      // A provider captures a payment once, whoever names it.
      if (reference !== null && history.captured.has(reference)) return
      const amount = random.chance(0.85) ? money.amount : random.pick(WRONG_SUMS)
      const captured = {
        reference: reference ?? '',
        amount,
        currency: 'USD',
        isShared,
        givenBack: 0,
      }
      if (reference !== null) history.captured.set(reference, captured)
      trace.add('provider', `captures ${reference ?? 'money'} at ${schedule.nowMs().toFixed(0)}`)
      if (random.chance(0.1)) say('failed', { amount }, money, random.between(0, 500))
      // Providers tell of one payment by events of several kinds.
      for (let times = random.pick([1, 1, 1, 2]); times > 0; times--) {
        say('succeeded', { amount }, money, random.chance(0.7) ? 0 : random.between(0, 6_000))
      }
      const isLikely = random.chance(amount === money.amount ? 0.15 : 0.5)
      if (isLikely && !isShared && reference !== null) giveBack(money, captured)
    },
    isIdle: () => telling === 0,
  }
}
