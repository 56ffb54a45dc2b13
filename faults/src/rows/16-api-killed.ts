import { until } from '../../../tests/support/until.ts'
import type { Row } from '../row.ts'

const RECOVERY_MS = 3_000
const KILLED_MS_MAX = 30_000
/** So that it has waiting clients, and batches on their way. */
const PASSES = 20
const POINTS = ['api.beforeEnqueue', 'api.afterEnqueue', 'api.beforeReply']

export const apiKilled: Row = {
  id: 16,
  title: 'An api is killed while its clients wait',
  fault:
    'kill -9 before and after the enqueue and before the reply; its clients ask another, by their keys',
  async run({ stage, patience, note, sells, recovers }) {
    for (const point of POINTS) {
      const api = await stage.startApi({ FAILPOINTS: `${point}=kill@${PASSES}` })
      await until(() => !api.isRunning(), {
        withinMs: KILLED_MS_MAX * patience,
        what: `the api kills itself at ${point}`,
      })
      note(`an api was killed at ${point}`)
      await recovers(`killed at ${point}`, RECOVERY_MS)
      await sells(60)
    }
  },
}
