/** A request to an api process: it may find nobody, be cut in the middle, or lose its answer. */
import type { ApiProcess } from '../api.ts'
import type { World } from '../world.ts'

const LATENCY_MS: readonly [number, number] = [0.2, 3]
const LOSS = 0.01
export const TIMEOUT_MS = 8_000

/** Null: whoever asked does not know what became of it. */
export function request<Value>(
  world: World,
  api: ApiProcess | null | undefined,
  handle: (api: ApiProcess) => Promise<Value>,
): Promise<Value | null> {
  const { schedule, random } = world
  return new Promise((resolve) => {
    const wayMs = () => random.between(...LATENCY_MS)
    const nothing = () => schedule.after(wayMs(), () => resolve(null))
    if (!api || api.isClosing() || api.process.state() === 'dead') return void nothing()
    const lookAway = api.process.onKill(nothing)
    const late = schedule.after(TIMEOUT_MS, () => {
      lookAway()
      resolve(null)
    })
    schedule.after(wayMs(), () => {
      api.process.deliver(() => {
        handle(api).then(
          (value) => {
            const isLost = random.chance(LOSS)
            schedule.after(wayMs(), () => {
              schedule.cancel(late)
              lookAway()
              resolve(isLost ? null : value)
            })
          },
          () => void nothing(),
        )
      })
    })
  })
}
