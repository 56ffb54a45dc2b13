/** Delayed jobs that wake a lane when something in it comes due: one a lane and second, whatever comes due in it. */
import { type Decided, EXPIRY_GRACE_MS, type ExpiryBatch } from '@flashlane/core'
import type { Draw } from './draw.ts'

const REMEMBERED_MAX = 100_000

/** The deadlines that a batch made. */
export function deadlinesOf(decided: readonly Decided[]): number[] {
  const deadlines: number[] = []
  for (const { changes } of decided) {
    for (const change of changes) {
      if (change.entity === 'hold' && change.after.status === 'active') {
        deadlines.push(change.after.expiresAtMs)
      }
      if (change.entity === 'order' && change.after.status === 'pending') {
        deadlines.push(change.after.paymentDueAtMs ?? 0)
      }
    }
  }
  return deadlines
}

type Times = Pick<ExpiryBatch, 'cutoffMs' | 'madeAtMs'>

export const makeExpiryBatch = (draw: Draw, { cutoffMs, madeAtMs }: Times): ExpiryBatch => ({
  format: 1,
  kind: 'expiry',
  batchId: draw(madeAtMs),
  madeAtMs,
  cutoffMs,
})

export type AddExpiry = (job: { id: string; batch: ExpiryBatch; delayMs: number }) => Promise<void>

/** Remembers what it has added: a thousand holds of one second cost one job. */
export function createExpiryJobs(draw: Draw): {
  schedule(
    lane: string,
    due: { deadlinesMs: readonly number[]; nowMs: number },
    add: AddExpiry,
  ): Promise<void>
} {
  const added = new Set<string>()
  return {
    async schedule(lane, { deadlinesMs, nowMs }, add) {
      const seconds = new Set(deadlinesMs.map((deadlineMs) => Math.ceil(deadlineMs / 1_000)))
      for (const second of seconds) {
        const id = `exp_${lane}_${second}`
        if (added.has(id)) continue
        // Due this much after the second, so that all of it has come due by then, and every timely command is in the lane.
        const dueMs = second * 1_000 + EXPIRY_GRACE_MS
        const batch = makeExpiryBatch(draw, { cutoffMs: dueMs, madeAtMs: dueMs })
        await add({ id, batch, delayMs: Math.max(0, dueMs - nowMs) })
        if (added.size >= REMEMBERED_MAX) added.clear()
        added.add(id)
      }
    },
  }
}
