import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../../tests/support/until.ts'
import { withQueues } from '../lanes.ts'
import type { Row, Scene } from '../row.ts'

const RECOVERY_MS = 5_000
const FLUSHES = 3

export const redisEmpty: Row = {
  id: 9,
  title: 'Redis loses everything',
  fault: 'FLUSHALL under load; kill -9, and it comes back without its AOF',
  losesRedis: true,
  async run(scene) {
    const { stage, note, sells, recovers } = scene
    for (let n = 0; n < FLUSHES; n++) {
      note('FLUSHALL')
      await stage.redisClient.flushall()
      await recovers('FLUSHALL', RECOVERY_MS)
      await limitsAreSetAgain(scene)
      await sells(50)
    }
    note('Redis is killed, and its data is gone')
    await stage.redis.kill()
    rmSync(join(stage.redis.folder, 'appendonlydir'), { recursive: true })
    await stage.redis.start()
    await recovers('Redis is up, and empty', RECOVERY_MS)
    await limitsAreSetAgain(scene)
    await sells(100)
  },
}

const limitsAreSetAgain = ({ stage, load, patience }: Scene): Promise<void> =>
  withQueues(stage, load, async (queues) => {
    for (const queue of queues) {
      await until(async () => (await queue.getGlobalConcurrency()) === 1, {
        withinMs: RECOVERY_MS * patience,
        what: `${queue.name} is limited again`,
      })
    }
  })
