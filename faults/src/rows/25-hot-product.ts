import { setTimeout as sleep } from 'node:timers/promises'
import { holdAtRate } from '../load/constant-rate.ts'
import { floodWithHolds } from '../load/flood.ts'
import { demandNotSlower } from '../load/slower.ts'
import type { Row, Scene } from '../row.ts'

const COLD = 500
const COLD_STOCK = 1_000
/** To all cold ones together, and to the hot one: 95 % of all. */
const COLD_PER_SECOND = 20
const HOT_PER_SECOND = 19 * COLD_PER_SECOND
const SECONDS = 12
/** So many of the crowd come at once. */
const HOT_AT_ONCE = HOT_PER_SECOND / 10
/** Each cold one is asked for once before it counts: its lane is open then. */
const WARM_UP = { name: 'warm-up', perSecond: 50, seconds: COLD / 50 }
const RECOVERY_MS = 3_000

export const hotProduct: Row = {
  id: 25,
  title: 'One product is hot, and five hundred are cold',
  fault: `${HOT_PER_SECOND} holds a second of one product, beside ${COLD_PER_SECOND} a second of ${COLD} others`,
  // A thousand idle lanes, of two workers, would keep the machine busy by themselves.
  stage: { workers: 1 },
  load: { buyers: 2 },
  async run(scene) {
    const { stage, load, note, sells, recovers } = scene
    const [hot = 0] = load.products
    const cold: number[] = []
    while (cold.length < COLD) cold.push(await stage.product({ stock: COLD_STOCK }))
    const probe = { name: 'cold', perSecond: COLD_PER_SECOND, seconds: SECONDS, products: cold }
    await holdAtRate(stage, load, { ...WARM_UP, products: cold })
    const beforeMs = await holdAtRate(stage, load, probe)

    note('one product is hot')
    const isOver = new AbortController()
    const crowd = comeInCrowds(scene, hot, isOver.signal)
    const besideMs = await holdAtRate(stage, load, probe)
    isOver.abort()
    await crowd
    await recovers('the crowd of one product', RECOVERY_MS)
    await sells(30)
    demandNotSlower(scene, 'a hot product', { beforeMs, besideMs })
  },
}

async function comeInCrowds(scene: Scene, product: number, signal: AbortSignal): Promise<void> {
  const crowds: Promise<unknown>[] = []
  const startMs = performance.now()
  while (!signal.aborted) {
    const name = `hot-${crowds.length}`
    crowds.push(floodWithHolds(scene, { name, product, count: HOT_AT_ONCE }))
    const dueMs = startMs + (crowds.length * 1_000 * HOT_AT_ONCE) / HOT_PER_SECOND
    await sleep(Math.max(0, dueMs - performance.now()))
  }
  await Promise.all(crowds)
}
