import { until } from '../../../tests/support/until.ts'
import type { Row } from '../row.ts'

/** How the packet ends that writes a batch. */
const COMMIT = ';commit'
const TIMES = 5
const RECOVERY_MS = 5_000
const CAUGHT_MS_MAX = 30_000

export const commitCut: Row = {
  id: 13,
  title: 'The connection to MySQL is cut around a COMMIT',
  fault: 'it ends before the packet with the COMMIT arrives, and after it, before the reply',
  async run({ stage, note, sells, recovers }) {
    const link = stage.links.workerMysql
    for (const fate of ['unsent', 'unanswered'] as const) {
      const wanted = link.caught() + TIMES
      link.trap({ what: COMMIT, fate, times: TIMES })
      await until(() => link.caught() >= wanted, {
        withinMs: CAUGHT_MS_MAX,
        what: 'commits are caught',
      })
      note(`${TIMES} commits were ${fate}`)
      await recovers(`${TIMES} commits were ${fate}`, RECOVERY_MS)
      await sells(50)
    }
  },
}
