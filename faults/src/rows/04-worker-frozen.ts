import { stopWorkers } from '../failpoint.ts'
import type { Row } from '../row.ts'

/** Twice a job's lock, and more: by then another worker has the lane. */
const FROZEN_MS = 6_000

export const workerFrozen: Row = {
  id: 4,
  title: 'A worker is frozen past its lock, and goes on while its successor works',
  fault: `SIGSTOP before BEGIN, while it holds the row lock, after COMMIT; SIGCONT after ${FROZEN_MS / 1_000} s`,
  run: (scene) => stopWorkers(scene, { action: 'stop', ms: FROZEN_MS }),
}
