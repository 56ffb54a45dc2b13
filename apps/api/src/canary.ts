/** A ping in a lane of its own, about each second: shows that api, Redis, worker and MySQL work together. */
import { BATCH_FORMAT, CANARY_LANE, type CanaryBatch, formatId, type Reply } from '@flashlane/core'
import type { AddResult } from './lanes.ts'

const EACH_MS = 1_000
/** A ping that is not answered by then counts as lost, and another is sent. */
const LOST_MS = 10_000
const OLD_MS = 5_000

type CanaryDeps = {
  addBatch(lane: string, batch: CanaryBatch): Promise<AddResult>
  drawX(nowMs: number): string
  nowMs(): number
  monotonicMs(): number
  readonly processId: string
}

export type Canary = ReturnType<typeof startCanary>

export function startCanary({ addBatch, drawX, nowMs, monotonicMs, processId }: CanaryDeps) {
  let flying: { batchId: string; sentMs: number } | null = null
  let answeredMs: number | null = null

  async function send(): Promise<void> {
    const sentMs = monotonicMs()
    // One at a time: where nobody answers, pings must not pile up.
    if (flying && sentMs - flying.sentMs < LOST_MS) return
    const madeAtMs = nowMs()
    const batchId = drawX(madeAtMs)
    flying = { batchId, sentMs }
    const result = await addBatch(CANARY_LANE, {
      kind: 'canary',
      format: BATCH_FORMAT,
      batchId,
      madeAtMs,
      replyTo: processId,
      // It belongs to no product; an id must name one.
      ping: { type: 'Ping', commandId: formatId('cmd', 1, batchId), acceptedAtMs: madeAtMs },
    })
    if (result === 'not_sent' && flying?.batchId === batchId) flying = null
  }

  const timer = setInterval(() => void send(), EACH_MS)
  timer.unref()
  void send()
  const ageMs = (): number | null =>
    answeredMs === null ? null : Math.round(monotonicMs() - answeredMs)

  return {
    /** True if the reply was the canary's. */
    heard({ batchId }: Reply): boolean {
      if (batchId !== flying?.batchId) return false
      flying = null
      answeredMs = monotonicMs()
      return true
    },
    ageMs,
    status(): { ok: boolean; age_ms: number | null } {
      const age = ageMs()
      return { ok: age !== null && age < OLD_MS, age_ms: age }
    },
    stop: () => clearInterval(timer),
  }
}
