/** --tune: what each peer reaches with how many connections, so that it is measured at its best. */
import Table from 'cli-table3'
import type { Bench } from './bench.ts'
import { HOLD } from './contest.ts'
import { WAYS } from './contestants/contestant.ts'
import { startPeer } from './contestants/peer.ts'
import { STOCK } from './contestants/start.ts'
import { type Faults, measure } from './measure.ts'

const SIZES = [4, 8, 16, 32, 64, 128]
const PRODUCTS = [1, 100]
const CLIENTS = 256

export async function tunePools(bench: Bench): Promise<number> {
  const { plan, say } = bench
  const faults: Faults = []
  const table = new Table({
    head: ['peer', 'products', ...SIZES.map((size) => `${size} connections`)],
    style: { head: [], border: [] },
  })
  for (const products of PRODUCTS) {
    for (const way of ['for-update', 'conditional-update', 'bullmq'] as const) {
      const rates: string[] = []
      for (const poolSize of SIZES) {
        const peer = await startPeer(bench, way, { products, stock: STOCK, poolSize })
        const load = { ...HOLD, clients: CLIENTS, products }
        await measure(peer, { ...load, seconds: plan.warmSeconds }, { faults })
        const { perSecond } = await measure(peer, { ...load, seconds: plan.seconds }, { faults })
        await peer.stop()
        say(`${WAYS[way]}, ${products} products, ${poolSize} connections: ${perSecond.toFixed()}/s`)
        rates.push(perSecond.toFixed())
      }
      table.push([WAYS[way], String(products), ...rates])
    }
  }
  console.log(table.toString())
  for (const fault of faults) say(`WRONG: ${fault}`)
  return faults.length > 0 ? 1 : 0
}
