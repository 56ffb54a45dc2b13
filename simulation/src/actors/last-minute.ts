/** A buyer who orders in the last moment of his hold: timely, and as late as can be. Now and then far too late. */
import { type Command, formatId } from '@flashlane/core'
import { ask, type Asking } from './ask.ts'

const TTL_MS = 3_000
const LEFT_MS: readonly [number, number] = [5, 400]
const LATE_MS: readonly [number, number] = [1_900, 4_000]

export async function runLastMinute(
  asking: Asking & { isOver(): boolean },
  who: string,
): Promise<void> {
  const { world, stage } = asking
  const { random } = world
  const send = (command: Command) =>
    ask(asking, command, {
      who,
      isKeyed: random.chance(0.3),
      waitMs: random.pick([0, 5_000, 5_000]),
    })

  while (!asking.isOver()) {
    await world.sleep(random.between(0, 300))
    const productId = random.pick(stage.productIds)
    const x = world.draw()
    const head = { productId, acceptedAtMs: 1, customerRef: null }
    const held = await send({
      type: 'PlaceHold',
      ...head,
      commandId: formatId('cmd', productId, x),
      holdId: formatId('hold', productId, x),
      quantity: 1,
      ttlMs: TTL_MS,
    })
    if (held?.outcome !== 'accepted' || held.result.type !== 'hold') continue
    const { holdId, expiresAtMs } = held.result.hold
    const leftMs = expiresAtMs - world.databaseMs()
    const isTooLate = random.chance(0.15)
    const awayMs = isTooLate ? random.between(...LATE_MS) : -random.between(...LEFT_MS)
    await world.sleep(Math.max(0, leftMs + awayMs))
    const y = world.draw()
    await send({
      type: 'PlaceOrder',
      ...head,
      commandId: formatId('cmd', productId, y),
      orderId: formatId('ord', productId, y),
      holdId,
      paymentRef: null,
      payment: 'online',
      paymentDueMs: 200,
    })
  }
}
