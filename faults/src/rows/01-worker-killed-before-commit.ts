import { startBroken } from '../failpoint.ts'
import type { Row } from '../row.ts'

const POINTS = ['worker.beforeTransaction', 'worker.afterLock', 'worker.beforeCommit'] as const
const RECOVERY_MS = 3_000

export const workerKilledBeforeCommit: Row = {
  id: 1,
  title: 'A worker is killed before its batch is committed',
  fault: 'kill -9 before the transaction, after the lock, before COMMIT',
  async run(scene) {
    for (const point of POINTS) {
      await startBroken(scene, { point, action: 'kill' })
      await scene.recovers(`killed at ${point}`, RECOVERY_MS)
      await scene.sells(50)
    }
  },
}
