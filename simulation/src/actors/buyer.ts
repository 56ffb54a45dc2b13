/** A buyer: holds, thinks, and orders, mostly where it is close: at a deadline, twice, or without waiting for answers. */
import { type Command, formatId, type Outcome } from '@flashlane/core'
import { PRICE } from '@flashlane/core/builders.ts'
import { ask, type Asking } from './ask.ts'
import type { Provider } from './provider.ts'

const HOLD_TTLS_MS = [3_000, 3_000, 4_000, 8_000] as const
const PAYMENT_DUE_MS = [500, 1_500, 4_000] as const
const WAITS_MS = [0, 300, 5_000, 5_000] as const
/** Buyers of different products may name the same payment. */
const REFERENCES = 10

type Buying = Asking & { readonly provider: Provider; isOver(): boolean }

export async function runBuyer(buying: Buying, who: string): Promise<void> {
  const { world, stage } = buying
  const { random } = world
  const send = (command: Command) =>
    ask(buying, command, { who, isKeyed: random.chance(0.7), waitMs: random.pick(WAITS_MS) })

  async function buy(): Promise<void> {
    const productId = random.pick(stage.productIds)
    const x = world.draw()
    const holdId = formatId('hold', productId, x)
    const quantity = 1 + random.below(2)
    const placed = send({
      type: 'PlaceHold',
      commandId: formatId('cmd', productId, x),
      productId,
      acceptedAtMs: 1,
      holdId,
      quantity,
      ttlMs: random.pick(HOLD_TTLS_MS),
      customerRef: random.pick([null, who]),
    })
    // A client may go on before it is answered: its 202 names the hold.
    const outcome = random.chance(0.2) ? await world.sleep(random.between(0, 30)) : await placed
    if (outcome && outcome.outcome !== 'accepted') return world.sleep(random.between(100, 900))
    if (random.chance(0.15)) await send(changeOf(productId, holdId))
    await untilNear(deadlineOf(outcome ?? null))
    if (random.chance(0.15)) return
    await order({ productId, holdId, quantity })
  }

  async function order({ productId, holdId, quantity }: Held): Promise<void> {
    const x = world.draw()
    const orderId = formatId('ord', productId, x)
    const isShared = random.chance(0.4)
    const reference = isShared ? `pi_${random.below(REFERENCES)}` : `pi_${x.slice(-6)}`
    const money = { orderId, holdId, reference, amount: quantity * PRICE, isShared }
    const isEarly = random.chance(0.1)
    if (isEarly) buying.provider.pay(money)
    const outcome = await send({
      type: 'PlaceOrder',
      commandId: formatId('cmd', productId, x),
      productId,
      acceptedAtMs: 1,
      orderId,
      holdId,
      paymentRef: random.chance(0.7) ? reference : null,
      customerRef: null,
      payment: random.chance(0.95) ? 'online' : 'cash_on_delivery',
      paymentDueMs: random.pick(PAYMENT_DUE_MS),
    })
    if (outcome?.outcome !== 'accepted') return
    await untilNear(deadlineOf(outcome))
    if (!isEarly && random.chance(0.8)) buying.provider.pay(money)
    if (random.chance(0.1)) {
      const commandId = formatId('cmd', productId, world.draw())
      await send({ type: 'CancelOrder', commandId, productId, acceptedAtMs: 1, orderId })
    }
  }

  const changeOf = (productId: number, holdId: string): Command => {
    const head = {
      commandId: formatId('cmd', productId, world.draw()),
      productId,
      acceptedAtMs: 1,
      holdId,
    }
    return random.chance(0.5)
      ? { type: 'ReleaseHold', ...head }
      : { type: 'ExtendHold', ...head, extendMs: 2_000, lifetimeMs: 9_000, extensionsMax: 2 }
  }

  /** At once, some time later, or within half a second of the deadline. */
  const untilNear = async (deadlineMs: number | null): Promise<void> => {
    const leftMs = deadlineMs === null ? 0 : deadlineMs - world.databaseMs()
    if (leftMs <= 0 || random.chance(0.4)) return world.sleep(random.between(0, 200))
    await world.sleep(Math.max(0, leftMs + random.between(-500, 250)))
  }

  while (!buying.isOver()) {
    await buy()
    await world.sleep(random.between(0, 400))
  }
}

type Held = { readonly productId: number; readonly holdId: string; readonly quantity: number }

function deadlineOf(outcome: Outcome | null | void): number | null {
  if (outcome?.outcome !== 'accepted') return null
  const { result } = outcome
  if (result.type === 'hold') return result.hold.expiresAtMs
  return result.type === 'order' ? result.order.paymentDueAtMs : null
}
