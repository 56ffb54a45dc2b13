import { killWorkersAt } from '../failpoint.ts'
import type { Row } from '../row.ts'

const POINTS = ['worker.beforeTransaction', 'worker.afterLock', 'worker.beforeCommit'] as const
const RECOVERY_MS = 3_000

export const workerKilledBeforeCommit: Row = {
  id: 1,
  title: 'A worker is killed before its batch is committed',
  fault: 'kill -9 before the transaction, after the lock, before COMMIT',
  run: (scene) => killWorkersAt(scene, POINTS, RECOVERY_MS),
}
