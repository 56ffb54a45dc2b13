/** Holds by the thousand, for which nobody waits: each is answered 202 or turned away. */
import type { Scene } from '../row.ts'
import { openConnection } from '../stage/pipelined.ts'

const CONNECTIONS = 8
const LOT = 100
/** None expires while it is looked at. */
const TTL_S = 3_600

type Flood = { readonly name: string; readonly product: number; readonly count: number }

/** The statuses of the answers; null where none came. */
export async function floodWithHolds(
  { stage, load }: Pick<Scene, 'stage' | 'load'>,
  { name, product, count }: Flood,
): Promise<readonly (number | null)[]> {
  const statuses: (number | null)[] = []
  const keys = Array.from({ length: count }, (_, n) => `${name}-${n + 1}`)
  const request = {
    path: '/api/holds',
    body: { product_id: product, qty: 1, ttl: TTL_S },
    headers: { prefer: 'respond-async' },
  }
  const prepare = (key: string) =>
    load.recorder.prepare({ op: 'hold', process: key, product, key }, request)

  async function flood(): Promise<void> {
    const connection = await openConnection(stage.apiUrl())
    for (let lot = keys.splice(0, LOT); lot.length > 0; lot = keys.splice(0, LOT)) {
      const prepared = lot.map(prepare)
      const requests = prepared.map((each) => each.request)
      await connection.send(requests, (nth, called) => {
        prepared[nth]?.called(called)
        statuses.push(called.answer?.status ?? null)
      })
    }
    connection.close()
  }

  const connections = Math.min(CONNECTIONS, Math.ceil(count / LOT))
  await Promise.all(Array.from({ length: connections }, flood))
  return statuses
}
