import { startBroken } from '../failpoint.ts'
import type { Row } from '../row.ts'

/** Twice a job's lock: by then another worker has the lane. */
const FROZEN_MS = 6_000
const RECOVERY_MS = 5_000
/** By the end of a lock wait, and the end of the connection that keeps the lock. */
const RECOVERY_OF_LOCK_MS = 10_000

const FREEZES = [
  { point: 'worker.beforeTransaction', budgetMs: RECOVERY_MS },
  { point: 'worker.afterLock', budgetMs: RECOVERY_OF_LOCK_MS },
  { point: 'worker.afterCommit', budgetMs: RECOVERY_MS },
] as const

export const workerFrozen: Row = {
  id: 4,
  title: 'A worker is frozen past its lock, and goes on while its successor works',
  fault: 'SIGSTOP before BEGIN, while it holds the row lock, after COMMIT; SIGCONT after 6 s',
  async run(scene) {
    for (const { point, budgetMs } of FREEZES) {
      const frozen = await startBroken(scene, { point, action: 'stop' })
      await Promise.all([scene.lasts(FROZEN_MS), scene.recovers(`frozen at ${point}`, budgetMs)])
      frozen.send('SIGCONT')
      await scene.recovers(`thawed, from ${point}`, RECOVERY_MS)
      await scene.sells(50)
    }
  },
}
