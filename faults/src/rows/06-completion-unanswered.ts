import { until } from '../../../tests/support/until.ts'
import type { Row } from '../row.ts'

/** A key that BullMQ names only where it completes a job. */
const COMPLETION = ':metrics:completed'
const RECOVERY_MS = 5_000
const CAUGHT_MS_MAX = 10_000

export const completionUnanswered: Row = {
  id: 6,
  title: 'The reply to a job’s completion is lost',
  fault:
    'the connection of the workers to Redis ends, or falls silent, after a completion was sent',
  async run({ stage, note, sells, recovers }) {
    const link = stage.links.workerRedis
    for (const fate of ['unanswered', 'silent', 'unanswered'] as const) {
      const before = link.caught()
      link.trap({ what: COMPLETION, fate })
      await until(() => link.caught() > before, {
        withinMs: CAUGHT_MS_MAX,
        what: 'a completion is caught',
      })
      note(`a completion was ${fate}`)
      await recovers(`a completion was ${fate}`, RECOVERY_MS)
      await sells(50)
    }
  },
}
