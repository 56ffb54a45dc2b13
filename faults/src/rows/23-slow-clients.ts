import { queueName } from '@flashlane/core'
import { Queue } from 'bullmq'
import { until } from '../../../tests/support/until.ts'
import { holdAtRate } from '../load/constant-rate.ts'
import { demandNotSlower } from '../load/slower.ts'
import type { Row, Scene } from '../row.ts'
import { closeAll, connectionsMax, openMany } from '../stage/connections.ts'

const RECOVERY_MS = 3_000
const IDLE = 5_000
const SLOW = 500
const SLOW_BYTE_EACH_MS = 500
const ABANDONED = 5_000
const ABANDONED_AT_ONCE = 250
const LEAVES_MS = 1_000
/** How long an api waits for an outcome, client or not. */
const WAIT_S = 5
const FREED_MS_MAX = 15_000
const DRAINED_MS_MAX = 60_000
const PROBE = { perSecond: 20, seconds: 6 }

export const slowClients: Row = {
  id: 23,
  title: 'Clients that are slow, silent, or gone',
  fault: `${IDLE} idle connections, ${SLOW} that send a byte now and then, ${ABANDONED} abandoned waits`,
  load: { buyers: 4 },
  async run(scene) {
    const { stage, load, patience, note, sells, recovers } = scene
    const urls = stage.apis.map(({ url }) => url)
    const [product = 0] = load.products
    const probe = () => holdAtRate(stage, load, { ...PROBE, name: 'probe', products: [product] })
    const beforeMs = await probe()

    const idle = connectionsMax(IDLE)
    note(`${idle} idle connections, ${SLOW} slow ones`)
    const silent = await openMany(urls, idle)
    const slow = await openMany(urls, SLOW, 'POST /api/holds HTTP/1.1\r\nhost: x\r\nx-slow: ')
    const drip = setInterval(() => slow.forEach((each) => each.write('x')), SLOW_BYTE_EACH_MS)
    const besideMs = await probe()
    await until(() => slow.every((each) => each.destroyed), {
      withinMs: FREED_MS_MAX * patience,
      what: 'slow requests are cut off',
    }).finally(() => clearInterval(drip))
    closeAll([...silent, ...slow])

    note(`${ABANDONED} clients leave before their outcome`)
    const gone = abandon(scene)
    const meanwhileMs = await probe()
    await gone
    await recovers('clients that are gone', RECOVERY_MS)
    await sells(30)
    demandNotSlower(scene, 'slow clients', { beforeMs, besideMs })
    demandNotSlower(scene, 'abandoned waits', { beforeMs, besideMs: meanwhileMs })
  },
}

/** They wait for a product whose lane stands still, until it goes on. */
async function abandon({ stage, load, patience }: Scene): Promise<void> {
  const product = await stage.product({ stock: ABANDONED })
  const queue = new Queue(queueName(`p${product}`), { connection: stage.redisClient })
  try {
    await queue.pause()
    for (let n = 0; n < ABANDONED; n += ABANDONED_AT_ONCE) {
      await Promise.all(
        Array.from({ length: ABANDONED_AT_ONCE }, (_, nth) => {
          const name = `leaves-${n + nth}`
          const asked = { op: 'hold', process: name, product, key: name } as const
          return load.recorder.send(stage.apiUrl(), asked, {
            path: '/api/holds',
            body: { product_id: product, qty: 1 },
            headers: { prefer: `wait=${WAIT_S}` },
            msMax: LEAVES_MS,
          })
        }),
      )
    }
    const waiting = async () =>
      (await Promise.all(stage.apis.map(({ url }) => waitersOf(url)))).reduce((a, b) => a + b)
    await until(async () => (await waiting()) < ABANDONED_AT_ONCE, {
      withinMs: FREED_MS_MAX * patience,
      what: 'the waits of clients that are gone end',
    })
    await queue.resume()
    const left = () => queue.getJobCountByTypes('wait', 'active')
    await until(async () => (await left()) === 0, {
      withinMs: DRAINED_MS_MAX * patience,
      what: 'their commands are applied',
    })
  } finally {
    await queue.close()
  }
}

async function waitersOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^flash_api_waiting (\d+)/m.exec(text)?.[1] ?? Number.NaN)
}
