/** How long until every product sells again: a new hold of each, asked for until it has its outcome. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Load } from './load/load.ts'
import type { Stage } from './stage/stage.ts'

const RECOVERY_MS_MAX = 60_000
const ASK_AGAIN_MS = 25

let probes = 0

/** Null where one of them had none in a minute. */
export async function timeRecovery(stage: Stage, load: Load): Promise<number | null> {
  const sinceMs = performance.now()
  const tookMs = await Promise.all(
    load.products.map(async (product) => {
      const name = `probe-${++probes}`
      for (;;) {
        const answer = await load.recorder.send(
          stage.apiUrl(),
          { op: 'hold', process: name, product, key: name },
          {
            path: '/api/holds',
            body: { product_id: product, qty: 1 },
            headers: { prefer: 'wait=30' },
          },
        )
        const ms = performance.now() - sinceMs
        if (answer && (answer.status === 201 || answer.status === 409)) return ms
        if (ms > RECOVERY_MS_MAX) return null
        await sleep(ASK_AGAIN_MS)
      }
    }),
  )
  return tookMs.reduce<number | null>(
    (longest, ms) => (ms === null || longest === null ? null : Math.max(longest, ms)),
    0,
  )
}
