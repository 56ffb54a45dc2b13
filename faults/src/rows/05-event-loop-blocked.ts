import { startBroken } from '../failpoint.ts'
import type { Row } from '../row.ts'

const BLOCKED_MS = 8_000
const RECOVERY_MS = 5_000
/** By the end of a lock wait, and the end of the connection that keeps the lock. */
const RECOVERY_OF_LOCK_MS = 10_000

const BLOCKS = [
  { point: 'worker.beforeTransaction', budgetMs: RECOVERY_MS },
  { point: 'worker.afterLock', budgetMs: RECOVERY_OF_LOCK_MS },
  { point: 'worker.afterCommit', budgetMs: RECOVERY_MS },
] as const

export const eventLoopBlocked: Row = {
  id: 5,
  title: 'A worker’s event loop stands still past its lock',
  fault: 'a busy loop of 8 s before BEGIN, while it holds the row lock, after COMMIT',
  async run(scene) {
    for (const { point, budgetMs } of BLOCKS) {
      await startBroken(scene, { point, action: `block:${BLOCKED_MS}` })
      await Promise.all([scene.lasts(BLOCKED_MS), scene.recovers(`blocked at ${point}`, budgetMs)])
      await scene.sells(50)
    }
  },
}
