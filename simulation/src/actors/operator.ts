/** An operator: changes the stock while it is sold, and looks for what is overdue. */
import { formatId } from '@flashlane/core'
import { ask, type Asking } from './ask.ts'

const EACH_MS: readonly [number, number] = [1_000, 6_000]

export async function runOperator(asking: Asking & { isOver(): boolean }): Promise<void> {
  const { world, stage } = asking
  const { random } = world
  while (!asking.isOver()) {
    await world.sleep(random.between(...EACH_MS))
    const productId = random.pick(stage.productIds)
    const commandId = formatId('cmd', productId, world.draw())
    const change = { delta: random.pick([-2, -1, 1, 1, 2]) }
    await ask(
      asking,
      { type: 'AdjustStock', commandId, productId, acceptedAtMs: 1, change },
      { who: 'operator', isKeyed: true, waitMs: 2_000 },
    )
    if (random.chance(0.3)) random.pick(stage.apis)?.sweep()
  }
}
