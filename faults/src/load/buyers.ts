/** Buyers: each holds, orders and pays, or thinks better of it, one thing after the other, until it is told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../tests/support/until.ts'
import type { Random } from '../random.ts'
import type { Execute, Outcome } from './commands.ts'
import type { Provider } from './provider.ts'
import type { Recorder } from './recorder.ts'

export type Buyers = {
  /** Lets each finish what it has in hand; returns what lets them go on. */
  pause(): Promise<() => void>
  /** Lets each finish what it has in hand, and tells how many never learnt an outcome. */
  stop(): Promise<number>
}

type Deps = {
  readonly execute: Execute
  readonly provider: Provider
  readonly recorder: Recorder
  readonly random: Random
  apiUrl(): string
}

type Options = {
  readonly count: number
  readonly products: readonly number[]
  /** Before each new purchase. */
  readonly pauseMsMax: number
}

/** What they do, as shares of all. */
const HOT = 0.5
const READS = 0.3
const SHORT_HOLDS = 0.1
const RELEASES = 0.1
const LEAVES_HOLD = 0.05
const PAYS_EARLY = 0.1
const CANCELS = 0.1
const LEAVES_ORDER = 0.1
const FAILS = 0.1
const PAUSE_MS_MAX = 60_000
/** The shortest that a hold may have: it comes due while the others buy. */
const SHORT_TTL_S = 3

export function startBuyers(deps: Deps, { count, products, pauseMsMax }: Options): Buyers {
  const { random } = deps
  const stopping = new AbortController()
  let resting = Promise.resolve()
  let busy = 0
  let unknown = 0

  async function buy(name: string): Promise<void> {
    for (let nth = 1; !stopping.signal.aborted; nth++) {
      await resting
      busy++
      const product = random.chance(HOT) ? (products[0] ?? 0) : random.pick(products)
      const outcome = await purchase(deps, { name, product, prefix: `${name}-${nth}` })
      busy--
      if (outcome === 'unknown') unknown++
      await sleep(random.between(0, pauseMsMax))
    }
  }

  const all = Promise.all(Array.from({ length: count }, (_, n) => buy(`buyer-${n + 1}`)))
  return {
    async pause() {
      const { promise, resolve } = Promise.withResolvers<void>()
      resting = promise
      await until(() => busy === 0, { withinMs: PAUSE_MS_MAX, what: 'the buyers rest' })
      return resolve
    },
    async stop() {
      stopping.abort()
      await all
      return unknown
    },
  }
}

type Purchase = { readonly name: string; readonly product: number; readonly prefix: string }

async function purchase(
  { execute, provider, recorder, random, apiUrl }: Deps,
  { name, product, prefix }: Purchase,
): Promise<'known' | 'unknown'> {
  const ask = (op: 'hold' | 'release' | 'order' | 'cancel', path: string, body?: object) =>
    execute({
      op,
      process: name,
      product,
      key: `${prefix}-${op}`,
      request: { method: op === 'release' ? 'DELETE' : 'POST', path, ...(body ? { body } : {}) },
    })

  if (random.chance(READS)) {
    const asked = { op: 'read', process: name, product } as const
    await recorder.send(apiUrl(), asked, { path: `/api/products/${product}` })
  }
  const ttl = random.chance(SHORT_HOLDS) ? { ttl: SHORT_TTL_S } : {}
  const hold = await ask('hold', '/api/holds', {
    product_id: product,
    qty: random.between(1, 3),
    customer_ref: name,
    ...ttl,
  })
  const holdId = idOf(hold, 'hold_id')
  if (holdId === null) return hold ? 'known' : 'unknown'
  if (random.chance(LEAVES_HOLD)) return 'known'
  if (random.chance(RELEASES)) {
    return (await ask('release', `/api/holds/${holdId}`)) ? 'known' : 'unknown'
  }

  const reference = `pi_${prefix}`
  const amount = Number(hold?.body['qty']) * Number(hold?.body['unit_price'])
  const payment = { product, reference, amount, currency: String(hold?.body['currency']) }
  const isEarly = random.chance(PAYS_EARLY)
  if (isEarly) provider.capture({ ...payment, names: { hold_id: holdId } })
  const order = await ask('order', '/api/orders', {
    hold_id: holdId,
    payment_intent_id: reference,
    customer_ref: name,
  })
  const orderId = idOf(order, 'order_id')
  if (orderId === null) return order ? 'known' : 'unknown'
  if (isEarly || random.chance(LEAVES_ORDER)) return 'known'
  if (random.chance(FAILS)) provider.fail({ ...payment, names: { order_id: orderId } })
  else provider.capture({ ...payment, names: { order_id: orderId } })
  if (!random.chance(CANCELS)) return 'known'
  return (await ask('cancel', `/api/orders/${orderId}/cancel`)) ? 'known' : 'unknown'
}

function idOf(outcome: Outcome | null, field: string): string | null {
  const id = outcome?.body[field]
  return outcome?.status === 201 && typeof id === 'string' ? id : null
}
