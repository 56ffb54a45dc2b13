import { killWorkersAt } from '../failpoint.ts'
import type { Row } from '../row.ts'

const POINTS = ['worker.afterCommit', 'worker.beforeJobDone'] as const
const RECOVERY_MS = 3_000

export const workerKilledAfterCommit: Row = {
  id: 2,
  title: 'A worker is killed between COMMIT and the completion of its job',
  fault: 'kill -9 after COMMIT, and before the job is completed',
  run: (scene) => killWorkersAt(scene, POINTS, RECOVERY_MS),
}
