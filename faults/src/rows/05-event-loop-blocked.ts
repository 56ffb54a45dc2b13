import { stopWorkers } from '../failpoint.ts'
import type { Row } from '../row.ts'

const BLOCKED_MS = 8_000

export const eventLoopBlocked: Row = {
  id: 5,
  title: 'A worker’s event loop stands still past its lock',
  fault: `a busy loop of ${BLOCKED_MS / 1_000} s before BEGIN, while it holds the row lock, after COMMIT`,
  run: (scene) => stopWorkers(scene, { action: `block:${BLOCKED_MS}`, ms: BLOCKED_MS }),
}
