import { queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import { until } from '../../../tests/support/until.ts'
import { floodWithHolds } from '../load/flood.ts'
import type { Row, Scene } from '../row.ts'
import { measureFromOutside, redisBytes } from '../soak/measure.ts'
import { sample, seriesOf } from '../soak/samples.ts'
import { closeAll, connectionsMax, openMany } from '../stage/connections.ts'
import { call } from '../stage/http.ts'

/** An api keeps each batch that it has out until it hears of it: all that waits stands in here, too. */
const HEAP_MB = 128
const WAITING = 50_000
const CONNECTIONS = 10_000
const BODY_BYTES = 1_000_000
const BODIES_AT_ONCE = 50
const STANDS_MS = 10_000
const SAMPLE_EACH_MS = 500
/** What Redis has left when the lane is full: soon nothing. */
const ROOM_BYTES = 2_000_000
const MORE = 6_000
const RECOVERY_MS = 5_000
const DRAINED_MS_MAX = 120_000
/** A machine with much to do refuses some of them: they are sent again. */
const ROUNDS_MAX = 6

export const littleMemory: Row = {
  id: 22,
  title: 'There is little memory, and much waits',
  fault: `${WAITING} commands wait in a lane that stands still, ${CONNECTIONS} connections, bodies of 1 MB, a heap of ${HEAP_MB} MB, and a Redis that is full of it`,
  stage: { env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` } },
  load: { buyers: 4 },
  async run(scene) {
    const { stage, patience, note, sells, recovers, measured, demand } = scene
    const product = await stage.product({ stock: 2 * WAITING })
    const queue = new Queue(queueName(`p${product}`), { connection: stage.redisClient })
    try {
      await queue.pause()
      await pileUp(scene, product)
      const connections = await openMany(
        stage.apis.map(({ url }) => url),
        connectionsMax(CONNECTIONS),
      )
      note(`bodies of ${BODY_BYTES} bytes, beside ${connections.length} connections`)
      const isOver = new AbortController()
      const refused = refuseBodies(scene, product, isOver.signal)
      const times = { lastsMs: STANDS_MS, eachMs: SAMPLE_EACH_MS }
      seriesOf(await sample(() => measureFromOutside(stage), times)).forEach(measured)
      isOver.abort()
      await refused
      await fillRedis(scene, product)

      await queue.resume()
      await recovers('the lane goes on', RECOVERY_MS)
      await until(async () => (await queue.getJobCountByTypes('wait', 'active')) === 0, {
        withinMs: DRAINED_MS_MAX * patience,
        what: 'all that waited is applied',
      })
      closeAll(connections)
      await sells(30)
    } finally {
      await queue.close()
    }
    const dead = [...stage.apis, ...stage.workers].filter((each) => !each.isRunning())
    demand(dead.length === 0, `${dead.length} processes ended: ${dead[0]?.output().slice(-1_000)}`)
  },
}

async function pileUp(scene: Scene, product: number): Promise<void> {
  const { note, demand } = scene
  let accepted = 0
  for (let nth = 1; accepted < WAITING && nth <= ROUNDS_MAX; nth++) {
    const statuses = await floodWithHolds(scene, {
      name: `waits-${nth}`,
      product,
      count: WAITING - accepted,
    })
    accepted += countOf(statuses, 202)
    demandOnly(scene, statuses, [202, 503])
  }
  note(`${accepted} commands wait`)
  demand(accepted >= WAITING, `only ${accepted} commands were accepted`)
}

/** Each is turned away as it comes. */
async function refuseBodies(scene: Scene, product: number, signal: AbortSignal): Promise<void> {
  const body = { product_id: product, qty: 1, customer_ref: 'x'.repeat(BODY_BYTES) }
  const statuses: (number | null)[] = []
  while (!signal.aborted) {
    const request = { path: '/api/holds', body }
    const called = await Promise.all(
      Array.from({ length: BODIES_AT_ONCE }, () => call(scene.stage.apiUrl(), request)),
    )
    statuses.push(...called.map(({ answer }) => answer?.status ?? null))
  }
  scene.demand(statuses.includes(413), 'no body of 1 MB was told that it is too large')
  // Who is still sending when the connection ends hears nothing.
  demandOnly(scene, statuses, [413, null])
}

async function fillRedis(scene: Scene, product: number): Promise<void> {
  const { stage, note, demand } = scene
  const bytesMax = (await redisBytes(stage)) + ROOM_BYTES
  await stage.redisClient.config('SET', 'maxmemory', String(bytesMax))
  const statuses = await floodWithHolds(scene, { name: 'more', product, count: MORE })
  note(`Redis is full: ${countOf(statuses, 202)} of ${MORE} further commands were accepted`)
  demandOnly(scene, statuses, [202, 503])
  demand(statuses.includes(503), 'Redis was never full: the fault was none')
}

type Statuses = readonly (number | null)[]

const countOf = (statuses: Statuses, wanted: number): number =>
  statuses.filter((status) => status === wanted).length

function demandOnly({ demand }: Scene, statuses: Statuses, wanted: Statuses): void {
  const others = new Set(statuses.filter((status) => !wanted.includes(status)))
  demand(
    others.size === 0,
    `answers were ${[...others].join(', ')}, not ${wanted.map(String).join(' or ')}`,
  )
}
