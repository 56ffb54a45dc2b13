import { until } from '../../../tests/support/until.ts'
import type { Row } from '../row.ts'

/** The api names this key only where it adds a job. */
const ADD = ':completed'
const TIMES = 4
const RECOVERY_MS = 5_000
const CAUGHT_MS_MAX = 20_000

export const enqueueUnanswered: Row = {
  id: 7,
  title: 'The reply to an enqueued batch is lost',
  fault: 'the connection of an api to Redis ends, or falls silent, after a batch was sent',
  async run({ stage, note, sells, recovers }) {
    const link = stage.links.apiRedis
    for (const fate of ['unanswered', 'silent'] as const) {
      const wanted = link.caught() + TIMES
      link.trap({ what: ADD, fate, times: TIMES })
      await until(() => link.caught() >= wanted, {
        withinMs: CAUGHT_MS_MAX,
        what: 'batches are caught',
      })
      note(`${TIMES} batches were ${fate}`)
      await recovers(`${TIMES} batches were ${fate}`, RECOVERY_MS)
      await sells(50)
    }
  },
}
