import { ENQUEUE_MS_MAX, REDIS_COMMAND_MS_MAX } from '@flashlane/core'
import { placeAnOrder, timed } from '../load/one-order.ts'
import type { Payment } from '../load/provider.ts'
import type { Row, Scene } from '../row.ts'

const FROZEN_MS = 5_000
const REFUSES_MS = 2_000
const RECOVERY_MS = 5_000
const REFUSED_MS_MAX = 1_000
/** A batch waits in its buffer for the one before, and both for a Redis that says nothing. */
const UNANSWERED_MS_MAX = ENQUEUE_MS_MAX + REDIS_COMMAND_MS_MAX
/** It may wait for its lane first. */
const WEBHOOK_MS_MAX = 4_000
const KILLS = 20

export const redisRefuses: Row = {
  id: 11,
  title: 'Redis is frozen, full, read-only, or throws its clients out',
  fault: 'SIGSTOP for 5 s; maxmemory 1; REPLICAOF; CLIENT KILL of all, 20 times',
  async run(scene) {
    const { stage, load, note, sells, lasts, recovers } = scene
    const [product = 0] = load.products
    let order = await placeAnOrder(load, product)
    note('Redis is frozen')
    stage.redis.freeze()
    await Promise.all([
      lasts(FROZEN_MS),
      refusesQuickly(scene, order, 'Redis is frozen', UNANSWERED_MS_MAX),
    ])
    stage.redis.thaw()
    await recovers('Redis is thawed', RECOVERY_MS)
    await sells(50)

    order = await placeAnOrder(load, product)
    note('Redis is out of memory')
    await stage.redisClient.config('SET', 'maxmemory', '1')
    await Promise.all([lasts(REFUSES_MS), refusesQuickly(scene, order, 'Redis is out of memory')])
    await stage.redisClient.config('SET', 'maxmemory', '0')
    await recovers('Redis has memory again', RECOVERY_MS)
    await sells(50)

    order = await placeAnOrder(load, product)
    note('Redis is read-only')
    await stage.redisClient.replicaof('127.0.0.1', '1')
    await Promise.all([lasts(REFUSES_MS), refusesQuickly(scene, order, 'Redis is read-only')])
    await stage.redisClient.replicaof('NO', 'ONE')
    await recovers('Redis takes writes again', RECOVERY_MS)
    await sells(50)

    note(`all clients of Redis are killed, ${KILLS} times`)
    for (let n = 0; n < KILLS; n++) {
      await stage.redisClient.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await stage.redisClient.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await lasts(100)
    }
    await recovers('the clients of Redis live', RECOVERY_MS)
    await sells(50)
  },
}

/** Nobody hangs: a hold is refused, and a payment is written down where Redis is not needed. */
async function refusesQuickly(
  scene: Scene,
  payment: Payment,
  what: string,
  refusedMsMax = REFUSED_MS_MAX,
): Promise<void> {
  const { stage, load, patience, demand } = scene
  const { product } = payment
  const asked = { op: 'hold', process: `during: ${what}`, product, key: what } as const
  const hold = await timed(() =>
    load.recorder.send(stage.apiUrl(), asked, {
      path: '/api/holds',
      body: { product_id: product, qty: 1 },
    }),
  )
  const { answer } = hold
  demand(answer?.status === 503, `${what}: a hold was answered ${answer?.status}, and not 503`)
  demand(answer?.headers.has('retry-after') === true, `${what}: a 503 without Retry-After`)
  demand(hold.ms <= refusedMsMax * patience, `${what}: a hold was refused after ${hold.ms} ms`)
  const paid = await timed(() => load.provider.captureAndTell(payment))
  const status = paid.answer?.status
  demand(status === 202, `${what}: a payment was answered ${status}, and not 202`)
  demand(
    paid.ms <= WEBHOOK_MS_MAX * patience,
    `${what}: a payment was answered after ${paid.ms} ms`,
  )
}
