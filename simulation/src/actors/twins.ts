/** Two buyers of different products who name the same payment, or two of one hold, at the same moment. */
import { type Command, formatId } from '@flashlane/core'
import { PRICE } from '@flashlane/core/builders.ts'
import { ask, type Asking } from './ask.ts'
import type { Provider } from './provider.ts'

const EACH_MS: readonly [number, number] = [300, 2_500]

type Twins = Asking & { readonly provider: Provider; isOver(): boolean }

export async function runTwins(twins: Twins): Promise<void> {
  const { world, stage } = twins
  const { random } = world
  const send = (command: Command) =>
    ask(twins, command, { who: 'twin', isKeyed: random.chance(0.5), waitMs: 5_000 })
  const head = (productId: number, x: string) => ({
    commandId: formatId('cmd', productId, x),
    productId,
    acceptedAtMs: 1,
  })

  async function hold(productId: number): Promise<string | null> {
    const x = world.draw()
    const holdId = formatId('hold', productId, x)
    const outcome = await send({
      type: 'PlaceHold',
      ...head(productId, x),
      holdId,
      quantity: 1,
      ttlMs: 6_000,
      customerRef: null,
    })
    return outcome?.outcome === 'accepted' ? holdId : null
  }

  async function order(holdId: string, reference: string): Promise<void> {
    const productId = Number(holdId.split('_')[1])
    const x = world.draw()
    const orderId = formatId('ord', productId, x)
    const outcome = await send({
      type: 'PlaceOrder',
      ...head(productId, x),
      orderId,
      holdId,
      paymentRef: reference,
      customerRef: null,
      payment: 'online',
      paymentDueMs: 2_000,
    })
    if (outcome?.outcome !== 'accepted' || random.chance(0.5)) return
    twins.provider.pay({ orderId, holdId, reference, amount: PRICE, isShared: true })
  }

  while (!twins.isOver()) {
    await world.sleep(random.between(...EACH_MS))
    const holds = await Promise.all(
      [random.pick(stage.productIds), random.pick(stage.productIds)].map(hold),
    )
    const [one, other] = holds
    const isOneHold = random.chance(0.2)
    const reference = `pi_twin${world.draw().slice(-6)}`
    const orders = [one, isOneHold ? one : other].flatMap((holdId) => holdId ?? [])
    await Promise.all(orders.map((holdId) => order(holdId, reference)))
  }
}
