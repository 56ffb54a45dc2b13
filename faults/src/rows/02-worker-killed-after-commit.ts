import { startBroken } from '../failpoint.ts'
import type { Row } from '../row.ts'

const POINTS = ['worker.afterCommit', 'worker.beforeJobDone'] as const
const RECOVERY_MS = 3_000

export const workerKilledAfterCommit: Row = {
  id: 2,
  title: 'A worker is killed between COMMIT and the completion of its job',
  fault: 'kill -9 after COMMIT, and before the job is completed',
  async run(scene) {
    for (const point of POINTS) {
      await startBroken(scene, { point, action: 'kill' })
      await scene.recovers(`killed at ${point}`, RECOVERY_MS)
      await scene.sells(50)
    }
  },
}
