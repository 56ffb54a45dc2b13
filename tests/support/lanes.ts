/** Lanes as a worker opens them, which write down the batches that they were given. */
import { createLanes } from '@flashlane/worker/lanes.ts'
import { createMetrics } from '@flashlane/worker/metrics.ts'
import { makeUntilDone } from '@flashlane/worker/until-done.ts'
import type { RedisClient } from '@flashlane/redis'
import { pino } from 'pino'

type Options = {
  /** What takes a batch its time. */
  handle?(): Promise<void>
  /** Once aborted, a close waits for nobody. */
  readonly signal?: AbortSignal
}

export function lanesOn(
  redis: RedisClient,
  { handle = () => Promise.resolve(), signal = new AbortController().signal }: Options = {},
) {
  const log = pino({ level: 'silent' })
  const handled: string[] = []
  const lanes = createLanes({
    redis,
    async handle(_lane, { batchId }) {
      await handle()
      handled.push(batchId)
    },
    nowMs: Date.now,
    bury: () => Promise.resolve(),
    untilDone: makeUntilDone(log),
    metrics: createMetrics(),
    log,
    onFault: () => {},
    signal,
  })
  return { lanes, handled }
}
