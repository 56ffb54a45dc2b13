import { withQueues } from '../lanes.ts'
import type { Row } from '../row.ts'

const WITHOUT_LIMIT_MS = 4_000
/** So slow to MySQL that several workers have a batch of one lane in hand. */
const SLOW = { delayMs: 10 }

export const unlimitedLanes: Row = {
  id: 3,
  title: 'Three workers work one lane at once',
  fault: 'the lanes’ global concurrency is deleted from Redis, again and again',
  reorders: true,
  stage: { workers: 3 },
  async run({ stage, load, note, sells, demand }) {
    stage.links.workerMysql.shape(SLOW)
    note('the limits of all lanes are gone')
    let together = 0
    await withQueues(stage, load, async (queues) => {
      const endMs = performance.now() + WITHOUT_LIMIT_MS
      while (performance.now() < endMs) {
        for (const queue of queues) {
          await stage.redisClient.hdel(queue.toKey('meta'), 'concurrency')
          together = Math.max(together, await queue.getActiveCount())
        }
      }
    })
    stage.links.workerMysql.shape({})
    demand(together > 1, 'no lane was worked by two workers at once: the fault was none')
    await sells(100)
  },
}
