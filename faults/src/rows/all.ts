/** The fault matrix, in the order of its numbers. */
import type { Row } from '../row.ts'
import { workerKilledBeforeCommit } from './01-worker-killed-before-commit.ts'
import { workerKilledAfterCommit } from './02-worker-killed-after-commit.ts'
import { unlimitedLanes } from './03-unlimited-lanes.ts'
import { workerFrozen } from './04-worker-frozen.ts'
import { eventLoopBlocked } from './05-event-loop-blocked.ts'
import { completionUnanswered } from './06-completion-unanswered.ts'
import { enqueueUnanswered } from './07-enqueue-unanswered.ts'
import { redisKilled } from './08-redis-killed.ts'
import { redisEmpty } from './09-redis-empty.ts'
import { redisPowerLoss } from './10-redis-power-loss.ts'
import { redisRefuses } from './11-redis-refuses.ts'
import { mysqlKilled } from './12-mysql-killed.ts'
import { commitCut } from './13-commit-cut.ts'
import { diskFull } from './14-disk-full.ts'
import { mysqlRefuses } from './14-mysql-refuses.ts'
import { slowNetwork } from './15-slow-network.ts'
import { apiKilled } from './16-api-killed.ts'
import { rollingRestart } from './17-rolling-restart.ts'
import { paymentsInAnyOrder } from './18-payments-in-any-order.ts'
import { forgedWebhooks } from './19-forged-webhooks.ts'
import { wrongClocks } from './20-wrong-clocks.ts'
import { sameInstant } from './21-same-instant.ts'
import { littleMemory } from './22-little-memory.ts'
import { slowClients } from './23-slow-clients.ts'
import { fuzz } from './24-fuzz.ts'
import { hotProduct } from './25-hot-product.ts'
import { decideThrows } from './26-decide-throws.ts'
import { brokenQueue } from './27-broken-queue.ts'
import { oldAndNew } from './28-old-and-new.ts'

export const rows: readonly Row[] = [
  workerKilledBeforeCommit,
  workerKilledAfterCommit,
  unlimitedLanes,
  workerFrozen,
  eventLoopBlocked,
  completionUnanswered,
  enqueueUnanswered,
  redisKilled,
  redisEmpty,
  redisPowerLoss,
  redisRefuses,
  mysqlKilled,
  commitCut,
  diskFull,
  mysqlRefuses,
  slowNetwork,
  apiKilled,
  rollingRestart,
  paymentsInAnyOrder,
  forgedWebhooks,
  wrongClocks,
  sameInstant,
  littleMemory,
  slowClients,
  fuzz,
  hotProduct,
  decideThrows,
  brokenQueue,
  oldAndNew,
]
